-- Metrics as somebody would ask a store in SQLite for them: those that it can answer without a function of its own.

-- success_rate
SELECT kind, count(*), count(success), sum(success), 1.0 * sum(success) / count(success)
FROM sessions GROUP BY kind ORDER BY kind;

-- attempts_distribution
SELECT attempts, count(*), sum(success) FROM sessions GROUP BY attempts ORDER BY attempts;

-- topics
SELECT topic, count(*), count(success), sum(success), 1.0 * sum(success) / count(success)
FROM sessions GROUP BY topic ORDER BY count(*) DESC;

-- statuses
SELECT status, count(*), count(success), sum(success), 1.0 * sum(success) / count(success)
FROM sessions GROUP BY status ORDER BY count(*) DESC;

-- timeline
SELECT date(started_at, 'weekday 0', '-6 days'), count(*), count(success), sum(success) FROM sessions GROUP BY 1 ORDER BY 1;

-- winners
SELECT agent, count(*), sum(winner) FROM attempts WHERE winner IS NOT NULL GROUP BY agent;
