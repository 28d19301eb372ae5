-- The metrics as somebody would type them into DuckDB, over the same canonical tables: one query a metric, after its name.

-- macros
CREATE TEMP MACRO wilson(passed, judged, side) AS
    (passed + 1.9207294103470627 + side * 1.959963984540054 * sqrt(passed * (1 - passed / judged) + 0.9603647051735313))
    / (judged + 3.8414588206941254);

-- summary
SELECT count(*), count(success) AS judged, count(*) FILTER (success) AS passed, passed / judged,
    wilson(passed, judged, -1), wilson(passed, judged, 1), avg(attempts), median(attempts), avg(problem_attempts),
    median(duration_s), sum(errors)
FROM sessions;

-- success_rate
SELECT kind, count(*), count(success) AS judged, count(*) FILTER (success) AS passed, passed / judged,
    wilson(passed, judged, -1), wilson(passed, judged, 1)
FROM sessions GROUP BY kind ORDER BY kind;

-- attempts
SELECT kind, count(*), avg(attempts), stddev(attempts), median(attempts), quantile_cont(attempts, 0.9), max(attempts),
    avg(problem_attempts)
FROM sessions GROUP BY kind ORDER BY kind;

-- attempts_distribution
SELECT attempts, count(*), count(*) FILTER (success), count(*) / (SELECT count(*) FROM sessions)
FROM sessions GROUP BY attempts ORDER BY attempts NULLS LAST;

-- success_by_attempt
WITH ends AS (
    SELECT CASE WHEN success IS NULL THEN attempts - 1 ELSE attempts END AS attempt, count(*) AS ended,
        count(*) FILTER (success) AS passed
    FROM sessions GROUP BY 1 HAVING attempt >= 1
), risks AS (
    SELECT attempt, passed, sum(ended) OVER (ORDER BY attempt DESC) AS at_risk FROM ends
), sums AS (
    SELECT *, sum(ln((at_risk - passed) / at_risk)) OVER (ORDER BY attempt) AS log_s,
        sqrt(sum(passed / (at_risk * (at_risk - passed))) OVER (ORDER BY attempt)) / -log_s * 1.959963984540054 AS e
    FROM risks
)
SELECT attempt, at_risk, passed, 1 - exp(log_s), 1 - exp(log_s * exp(-e)), 1 - exp(log_s * exp(e))
FROM sums ORDER BY attempt;

-- topics
SELECT topic, count(*) AS sessions, count(*) / sum(count(*)) OVER (), count(success) AS judged,
    count(*) FILTER (success) AS passed, passed / judged, wilson(passed, judged, -1), wilson(passed, judged, 1)
FROM sessions GROUP BY topic ORDER BY sessions DESC;

-- difficulties
SELECT difficulty, count(*) AS sessions, count(*) / sum(count(*)) OVER (), count(success) AS judged,
    count(*) FILTER (success) AS passed, passed / judged, wilson(passed, judged, -1), wilson(passed, judged, 1)
FROM sessions GROUP BY difficulty ORDER BY sessions DESC;

-- statuses
SELECT status, count(*) AS sessions, count(*) / sum(count(*)) OVER (), count(success) AS judged,
    count(*) FILTER (success) AS passed, passed / judged, wilson(passed, judged, -1), wilson(passed, judged, 1)
FROM sessions GROUP BY status ORDER BY sessions DESC;

-- modes
SELECT mode, count(*) AS sessions, count(*) / sum(count(*)) OVER (), count(success) AS judged,
    count(*) FILTER (success) AS passed, passed / judged, wilson(passed, judged, -1), wilson(passed, judged, 1)
FROM sessions GROUP BY mode ORDER BY sessions DESC;

-- timeline
SELECT date_trunc('week', started_at) AS week, count(*), count(success) AS judged, count(*) FILTER (success) AS passed,
    passed / judged, wilson(passed, judged, -1), wilson(passed, judged, 1)
FROM sessions GROUP BY week ORDER BY week;

-- errors
WITH texts AS (
    SELECT message,
    trim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        message,
        '\s+', ' ', 'g'),
        '\B''[^''\n]*''\B|\B"[^"\n]*"\B|\B`[^`\n]*`\B', '<name>', 'g'),
        '\b[A-Za-z][A-Za-z0-9+.-]*://[^\s''"<>)]+', '<path>', 'g'),
        '(\b[A-Za-z]:|\B~|\B\.{1,2}|\B)([/\\]+[\w.@+~%-]*\w)+[/\\]?', '<path>', 'g'),
        '\b[\w.-]+(/[\w.-]+)+\.[A-Za-z]\w*', '<path>', 'g'),
        '\b(0[xX][0-9a-fA-F]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{12,})\b', '<hex>', 'g'),
        '(\B-)?\b\d+([.,]\d+)*([eE][+-]?\d+)?', '<n>', 'g')) AS folded
    FROM (SELECT DISTINCT message FROM errors)
)
SELECT error_type, folded, count(*) AS errors, count(DISTINCT (source, kind, session_id)), max(occurred_at)
FROM errors JOIN sessions USING (source, kind, session_id) LEFT JOIN texts USING (message)
GROUP BY error_type, folded ORDER BY errors DESC, error_type, folded;

-- durations
SELECT kind, count(*), quantile_cont(duration_s, [0.1, 0.5, 0.9, 0.99]) AS q, avg(duration_s)
FROM sessions GROUP BY kind ORDER BY kind;

-- winners
WITH tries AS (
    SELECT times, unnest(from_json(entrants, '[{"won": "BOOLEAN", "agent": "VARCHAR"}]'), recursive := true)
    FROM (SELECT entrants, count(*) AS times FROM sessions WHERE entrants IS NOT NULL GROUP BY entrants)
), counted AS (
    SELECT agent, sum(times) AS entered, coalesce(sum(times) FILTER (won), 0) AS won FROM tries GROUP BY agent
)
SELECT agent, entered, won, won / entered AS rate, wilson(won, entered, -1), wilson(won, entered, 1)
FROM counted ORDER BY rate DESC;

-- meetings
WITH line_ups AS (
    SELECT from_json(entrants, '[{"agent": "VARCHAR"}]') AS entrants, times
    FROM (SELECT entrants, count(*) AS times FROM sessions WHERE entrants IS NOT NULL GROUP BY entrants)
), met AS (
    SELECT entrants[1].agent AS winner, unnest(entrants[2:]).agent AS loser, times FROM line_ups
)
SELECT winner, loser, sum(times) FROM met WHERE winner <> loser GROUP BY ALL;
