WITH line_ups AS (
  SELECT
    entrants AS line_up,
    count(*) AS times
  FROM sessions
  WHERE entrants IS NOT NULL
  GROUP BY line_up
),
tried AS (
  SELECT
    times,
    line_up ->> '$[0].agent' AS victor,
    unnest(string_split(substring(CAST(line_up AS VARCHAR), 2, length(line_up) - 2), ',' || chr(10))) AS attempt
  FROM line_ups
),
entrants AS (
  SELECT
    attempt ->> '$.agent' AS entrant,
    (attempt ->> '$.won') = 'true' AS won,
    victor,
    CAST(sum(times) AS BIGINT) AS times
  FROM tried
  GROUP BY
    entrant,
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
),
rated AS (
  SELECT
    counted.agent AS agent,
    counted.entered AS entered,
    counted.won AS won,
    ratings.rating AS rating,
    ratings.rating_low AS rating_low,
    ratings.rating_high AS rating_high,
    ratings.unrated AS unrated
  FROM counted LEFT JOIN ratings
    ON counted.agent IS NOT DISTINCT FROM ratings.agent
)
SELECT
  agent,
  entered,
  won,
  won / nullif(entered, 0) AS rate,
  CASE won WHEN 0 THEN rate ELSE (won + 1.9207294103470627e0 - 1.959963984540054e0 * sqrt(won * (1 - rate) + 0.9603647051735313e0)) / (entered + 3.8414588206941254e0) END AS low,
  CASE won WHEN entered THEN rate ELSE (won + 1.9207294103470627e0 + 1.959963984540054e0 * sqrt(won * (1 - rate) + 0.9603647051735313e0)) / (entered + 3.8414588206941254e0) END AS high,
  rating,
  rating_low,
  rating_high,
  CASE
    WHEN agent IS NULL THEN 'not known who it is'
    WHEN rating IS NULL THEN coalesce(unrated, 'not fitted')
  END AS unrated
FROM rated
ORDER BY
  rating DESC NULLS LAST,
  rate DESC,
  entered DESC,
  agent NULLS LAST
