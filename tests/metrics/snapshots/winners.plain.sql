WITH named AS (
  SELECT
    "source",
    "kind",
    "session_id",
    tries.agent AS agent,
    tries.winner AS won
  FROM attempts AS tries
  WHERE tries.winner IS NOT NULL
),
sizes AS (
  SELECT
    "source",
    "kind",
    "session_id",
    count(*) AS size,
    count_if(won) AS winners
  FROM named
  GROUP BY
    "source",
    "kind",
    "session_id"
),
entrants AS (
  SELECT
    agent,
    won
  FROM named JOIN sizes USING ("source", "kind", "session_id")
  WHERE size > 1
    AND winners > 0
),
counted AS (
  SELECT
    agent,
    count(*) AS entered,
    CAST(count_if(won) AS BIGINT) AS won
  FROM entrants
  GROUP BY agent
),
ratings AS (
  SELECT *
  FROM (VALUES
    (CAST(NULL AS VARCHAR), CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE), CAST(NULL AS DOUBLE), CAST(NULL AS VARCHAR))
  ) AS constants (agent, rating, rating_low, rating_high, unrated)
)
SELECT
  counted.agent AS agent,
  counted.entered AS entered,
  counted.won AS won,
  won / nullif(entered, 0) AS rate,
  CASE won WHEN 0 THEN rate ELSE (won + 1.9207294103470627e0 - 1.959963984540054e0 * sqrt(won * (1 - rate) + 0.9603647051735313e0)) / (entered + 3.8414588206941254e0) END AS low,
  CASE won WHEN entered THEN rate ELSE (won + 1.9207294103470627e0 + 1.959963984540054e0 * sqrt(won * (1 - rate) + 0.9603647051735313e0)) / (entered + 3.8414588206941254e0) END AS high,
  ratings.rating AS rating,
  ratings.rating_low AS rating_low,
  ratings.rating_high AS rating_high,
  CASE
    WHEN counted.agent IS NULL THEN 'not known who it is'
    WHEN rating IS NULL THEN coalesce(unrated, 'not fitted')
  END AS unrated
FROM counted LEFT JOIN ratings
  ON counted.agent IS NOT DISTINCT FROM ratings.agent
ORDER BY
  rating DESC NULLS LAST,
  rate DESC,
  entered DESC,
  agent NULLS LAST
