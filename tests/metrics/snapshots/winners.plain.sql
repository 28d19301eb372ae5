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
    count_if(won) AS winners,
    max(agent) FILTER (WHERE won) AS victor
  FROM named
  GROUP BY
    "source",
    "kind",
    "session_id"
),
entrants AS (
  SELECT
    agent AS entrant,
    won,
    victor,
    count(*) AS times
  FROM named JOIN sizes USING ("source", "kind", "session_id")
  WHERE size > 1
    AND winners = 1
  GROUP BY
    agent,
    won,
    victor
),
counted AS (
  SELECT
    entrant AS agent,
    CAST(sum(times) AS BIGINT) AS entered,
    CAST(sum(CASE WHEN won THEN times ELSE 0 END) AS BIGINT) AS won
  FROM entrants
  GROUP BY entrant
),
ratings AS (
  SELECT
    CAST(known ->> '$.c0' AS VARCHAR) AS agent,
    CAST(known ->> '$.c1' AS DOUBLE) AS rating,
    CAST(known ->> '$.c2' AS DOUBLE) AS rating_low,
    CAST(known ->> '$.c3' AS DOUBLE) AS rating_high,
    CAST(known ->> '$.c4' AS VARCHAR) AS unrated
  FROM (
    SELECT unnest(string_split('{}', chr(10))) AS known
  )
  WHERE false
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
