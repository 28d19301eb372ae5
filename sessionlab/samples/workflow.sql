-- Workflow sessions first … last - 1: one row each, with the generated problem, its tests and the last code.

CREATE OR REPLACE TABLE drafts AS
FROM sessions_from(getvariable('first'), getvariable('last'));

-- Five tests a problem: lists of numbers, and the right answer to what the topic's problem asks for.
CREATE OR REPLACE TABLE cases AS
WITH drawn AS (
    SELECT n, answer, number, bits('values', concat(n, '.', number)) AS drawn
    FROM (SELECT n, answer, unnest(range(1, 6)) AS number FROM drafts)
),
inputs AS (
    -- Each value from bits of its own, six further on.
    SELECT *, list_transform(range(3 + number % 6), lambda place: ((drawn >> (place * 6)) % 100)::BIGINT) AS items
    FROM drawn
)
SELECT n, list({input: items::VARCHAR, output: CASE answer
        WHEN 'sum' THEN list_sum(items)::VARCHAR
        WHEN 'spread' THEN (list_max(items) - list_min(items))::VARCHAR
        WHEN 'distinct' THEN len(list_distinct(items))::VARCHAR
        WHEN 'largest' THEN list_max(items)::VARCHAR
        WHEN 'sorted' THEN list_sort(items)::VARCHAR
        WHEN 'reversed' THEN list_reverse(items)::VARCHAR
        WHEN 'above' THEN len(list_filter(items, lambda item: item > 50))::VARCHAR
        -- (taken, skipped) walks along the list.
        ELSE list_max(list_reduce(items, lambda best, item: [best[2] + item, greatest(best[1], best[2])],
            [0, 0]))::VARCHAR
    END} ORDER BY number) AS tests
FROM inputs GROUP BY n;

CREATE OR REPLACE TABLE native.session_states AS
WITH staged AS (
    SELECT drafts.*, request, tests,
        -- A running session is somewhere on its way, perhaps before its first code.
        CASE WHEN state = 'running' THEN (bits('reached', n) % attempts::UBIGINT)::BIGINT ELSE attempts END
            AS code_attempts,
        (1 + least(floor(ln(1 - u('problems', n)) / ln(0.22)), 3))::BIGINT AS problem_attempts
    FROM drafts JOIN cases USING (n) JOIN problems USING (answer)
)
SELECT
    uid('state', n)::UUID AS id,
    started_at AS created_at,
    after(started_at, 20 * problem_attempts + code_attempts * (25 + 30 * u('pace', n))) AS updated_at,
    uid('thread', n) AS thread_id,
    replace(uid('run', n // 8), '-', '') AS run_id,
    fill(pick_bits(['Give me a {difficulty} problem about {topic} for an interview',
        'I want to practise {topic}, {difficulty} level, with {noun}s as the example',
        'Generate a {difficulty} {topic} problem that takes about {n} minutes',
        'A {difficulty} exercise on {topic} for my team, please. Context: we {verb} {noun}s'], bits('prompt', n))
        .replace('{topic}', topic).replace('{difficulty}', difficulty), bits('prompt words', n)) AS user_prompt,
    topic,
    difficulty,
    concat(goal, '. You are given a list of ', fill('{adj} {noun} values', bits('words', subject)),
        ' with at least three and at most eight entries; ', request, '. ',
        'Read the values from standard input and print the answer. ',
        fill('It has to take less than {n} seconds for {m} values.', bits('limits', n))) AS problem_description,
    to_json(tests) AS problem_tests,
    CASE WHEN code_attempts > 0 THEN concat(snippet(topic_no, bits('main', subject), bits('words', subject)),
        CASE WHEN bits('helped', n) % 2 = 0 THEN concat(E'\n\n', snippet(topic_no, bits('main', subject) % 4 + 1,
            bits('words', subject))) END) END AS code,
    CASE state WHEN 'passed' THEN true WHEN 'failed' THEN false END AS tests_passed,
    code_attempts,
    problem_attempts,
    CASE state WHEN 'running' THEN 'running' WHEN 'failed' THEN 'failed' ELSE 'completed' END AS workflow_status,
    n AS _n
FROM staged ORDER BY n;

CREATE OR REPLACE VIEW documents AS
SELECT
    format('{:06d}.json', (_n - 1) // 100 + 1) AS file,
    _n,
    {id: id, created_at: iso(created_at), updated_at: iso(updated_at), thread_id: thread_id, run_id: run_id,
        user_prompt: user_prompt, topic: topic, difficulty: difficulty, problem_description: problem_description,
        problem_tests: problem_tests, code: code, tests_passed: tests_passed, code_attempts: code_attempts,
        problem_attempts: problem_attempts, workflow_status: workflow_status} AS document
FROM native.session_states;
