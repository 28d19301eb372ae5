-- Code generation sessions first … last - 1, with the ids of iterations and errors going on from the chunk before.

CREATE OR REPLACE TABLE drafts AS
FROM sessions_from(getvariable('first'), getvariable('last'));

CREATE OR REPLACE TABLE native.session AS
SELECT
    n AS id,
    concat(goal, CASE WHEN parent IS NOT NULL THEN concat('. ', write(getvariable('notes'), bits('again', n))) END)
        AS design_goal,
    parent AS parent_session_id,
    started_at AS created_at
FROM drafts ORDER BY n;

-- An unknown outcome has no place here: the last iteration has an error, or it has none. A running session has none yet.
CREATE OR REPLACE TABLE tries AS
SELECT
    getvariable('iterations') + row_number() OVER (ORDER BY n, attempt) AS id, n, attempt, topic_no, subject, goal,
    attempt < attempts OR state = 'failed' AS broken,
    after(started_at, attempt * 200 + 150 * u('pause', concat(n, '.', attempt))) AS created_at
FROM (SELECT *, unnest(range(1, attempts + 1)) AS attempt FROM drafts WHERE state <> 'running');

CREATE OR REPLACE TABLE native.iteration AS
SELECT
    id,
    n AS session_id,
    concat('"""', goal, '."""', E'\n\n',
        snippet(topic_no, bits('main', subject), bits('words', subject)), E'\n\n',
        snippet(topic_no, bits('main', subject) + 1 + attempt % 2, bits('helper', concat(n, '.', attempt)))) AS code,
    CASE
        WHEN broken THEN write(getvariable('feedback'), bits('feedback', id))
        WHEN bits('feedback', id) % 3 > 0 THEN 'All checks pass.'
    END AS feedback,
    created_at
FROM tries ORDER BY id;

CREATE OR REPLACE TABLE native.error AS
WITH faults AS (
    -- Every fourth broken iteration has two errors.
    SELECT id AS iteration_id, created_at, unnest(range(1, 2 + (bits('faults', id) % 4 = 0)::BIGINT)) AS fault
    FROM tries WHERE broken
),
drawn AS (
    SELECT *, u('syntax', concat(iteration_id, '.', fault)) < 0.17 AS syntax,
        u('message', concat(iteration_id, '.', fault)) AS choice,
        bits('fault', concat(iteration_id, '.', fault)) AS number
    FROM faults
)
SELECT
    getvariable('errors') + row_number() OVER (ORDER BY iteration_id, fault) AS id,
    iteration_id,
    CASE WHEN syntax THEN 'syntax' ELSE 'runtime' END AS error_type,
    -- Squared: the first messages of the list are the common ones.
    fill(pick(CASE WHEN syntax THEN getvariable('syntax_errors') ELSE getvariable('runtime_errors') END,
        choice * choice), number) AS error_message,
    CASE WHEN syntax OR number % 5 > 0 THEN 1 + (number >> 20) % 24 END::BIGINT AS error_line,
    after(created_at, 2 + fault) AS created_at
FROM drawn ORDER BY id;

SET VARIABLE iterations = (SELECT getvariable('iterations') + count(*) FROM native.iteration);
SET VARIABLE errors = (SELECT getvariable('errors') + count(*) FROM native.error);

CREATE OR REPLACE VIEW documents AS
WITH faults AS (
    SELECT iteration_id, list({id: id, error_type: error_type, error_message: error_message, error_line: error_line,
        created_at: iso(created_at)} ORDER BY id) AS errors
    FROM native.error GROUP BY iteration_id
),
runs AS (
    SELECT session_id, list({id: id, code: code, feedback: feedback, created_at: iso(created_at),
        errors: coalesce(errors, [])} ORDER BY id) AS iterations
    FROM native.iteration LEFT JOIN faults ON iteration_id = id GROUP BY session_id
)
SELECT
    format('{:06d}.json', (id - 1) // 100 + 1) AS file,
    id AS _n,
    {id: id, design_goal: design_goal, parent_session_id: parent_session_id, created_at: iso(created_at),
        iterations: coalesce(iterations, [])} AS document
FROM native.session LEFT JOIN runs ON session_id = id;
