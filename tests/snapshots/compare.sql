WITH marked AS (
  SELECT
    *,
    coalesce("model" = 'x', false) AS in_a,
    coalesce("model" = 'y', false) AS in_b
  FROM sessions
)
SELECT
  count(*) FILTER (WHERE in_a AND true) AS a_sessions,
  count(*) FILTER (WHERE in_a AND success IS NOT NULL) AS a_judged,
  count(*) FILTER (WHERE in_a AND success) AS a_passed,
  count(*) FILTER (WHERE in_b AND true) AS b_sessions,
  count(*) FILTER (WHERE in_b AND success IS NOT NULL) AS b_judged,
  count(*) FILTER (WHERE in_b AND success) AS b_passed,
  count(*) FILTER (WHERE in_a AND in_b) AS shared,
  any_value(source || ': ' || session_id) FILTER (WHERE in_a AND in_b) AS example
FROM marked
WHERE in_a OR in_b;

WITH marked AS (
  SELECT
    *,
    coalesce("model" = 'x', false) AS in_a,
    coalesce(("attempts" > 1 OR "success"), false) AS in_b
  FROM sessions
),
grouped AS (
  SELECT
    count(*) FILTER (WHERE in_a AND true) AS a_sessions,
    count(*) FILTER (WHERE in_a AND success IS NOT NULL) AS a_judged,
    count(*) FILTER (WHERE in_a AND success) AS a_passed,
    count(*) FILTER (WHERE in_b AND true) AS b_sessions,
    count(*) FILTER (WHERE in_b AND success IS NOT NULL) AS b_judged,
    count(*) FILTER (WHERE in_b AND success) AS b_passed,
    count(*) FILTER (WHERE in_a AND in_b) AS shared,
    any_value(source || ': ' || session_id) FILTER (WHERE in_a AND in_b) AS example,
    "topic" IS NOT NULL AND "goal" IS NOT NULL AND a_judged > 0 AND b_judged > 0 AS matched,
    (a_passed * b_judged - b_passed * a_judged) / (a_judged * b_judged) AS difference
  FROM marked
  WHERE in_a OR in_b
  GROUP BY "topic", "goal"
)
SELECT
  coalesce(sum(a_sessions), 0)::BIGINT AS a_sessions,
  coalesce(sum(a_judged), 0)::BIGINT AS a_judged,
  coalesce(sum(a_passed), 0)::BIGINT AS a_passed,
  coalesce(sum(b_sessions), 0)::BIGINT AS b_sessions,
  coalesce(sum(b_judged), 0)::BIGINT AS b_judged,
  coalesce(sum(b_passed), 0)::BIGINT AS b_passed,
  coalesce(sum(shared), 0)::BIGINT AS shared,
  any_value(example) AS example,
  count(*) FILTER (WHERE matched) AS pairs,
  coalesce(sum(a_judged) FILTER (WHERE matched), 0)::BIGINT AS paired_a,
  coalesce(sum(b_judged) FILTER (WHERE matched), 0)::BIGINT AS paired_b,
  count(*) FILTER (WHERE matched AND a_passed = a_judged AND b_passed = b_judged) AS both,
  count(*) FILTER (WHERE matched AND difference > 0) AS a_better,
  count(*) FILTER (WHERE matched AND difference < 0) AS b_better,
  count(*) FILTER (WHERE matched AND a_passed = 0 AND b_passed = 0) AS neither,
  avg(difference) FILTER (WHERE matched) AS mean,
  stddev_samp(difference) FILTER (WHERE matched) AS deviation,
  list(difference ORDER BY difference) FILTER (WHERE matched AND difference != 0) AS unequal
FROM grouped;
