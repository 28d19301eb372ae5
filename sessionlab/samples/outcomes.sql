-- How sessions turn out, the same for all kinds. Reads the variables seed, kind and total.
--
-- Random numbers come from MD5 of what they decide, never from random() or hash(): a session's record depends on the
-- seed, on its own number and on how many there are, not on threads, chunks or the version of DuckDB.

-- 64 random bits: what md5_number_lower gives, in a fifth of its time.
CREATE MACRO bits(salt, key) AS
    (md5_number(concat(getvariable('seed'), '/', getvariable('kind'), '/', salt, '/', key)) >> 64)::UBIGINT;

-- In [0, 1): 53 bits, as many as a DOUBLE holds, so that it never rounds up to 1.
CREATE MACRO u(salt, key) AS (bits(salt, key) >> 11) / 9007199254740992::DOUBLE;

CREATE MACRO pick(list, fraction) AS list[1 + floor(fraction * len(list))::BIGINT];
-- Unsigned throughout: with a signed length DuckDB would divide 128-bit numbers, at ten times the cost.
CREATE MACRO size_of(list) AS len(list)::UBIGINT;
CREATE MACRO pick_bits(list, number) AS list[1 + (number % size_of(list))::BIGINT];

-- The shape of a random (version 4) UUID.
CREATE MACRO shape_uuid(hex) AS
    concat(hex[1:8], '-', hex[9:12], '-4', hex[14:16], '-a', hex[18:20], '-', hex[21:32]);
CREATE MACRO uid(salt, key) AS
    shape_uuid(md5(concat(getvariable('seed'), '/', getvariable('kind'), '/id/', salt, '/', key)));

-- Never the one that `number` picks itself.
CREATE MACRO other_noun(number) AS pick_bits(getvariable('nouns'),
    number % size_of(getvariable('nouns')) + 1 + (number >> 11) % (size_of(getvariable('nouns')) - 1));

-- Words into a template; `number` is 64 random bits, of which each placeholder takes a few.
CREATE MACRO fill(template, number) AS
    replace(replace(replace(replace(replace(replace(template,
        '{noun}', pick_bits(getvariable('nouns'), number)),
        '{other}', other_noun(number)),
        '{verb}', pick_bits(getvariable('verbs'), number >> 22)),
        '{adj}', pick_bits(getvariable('adjectives'), number >> 31)),
        '{n}', (3 + (number >> 40) % 29)::VARCHAR),
        '{m}', (100 + (number >> 46) % 9900)::VARCHAR);

CREATE MACRO write(templates, number) AS fill(pick_bits(templates, number >> 53), number);

-- From the fraction of the sessions so far to a moment of the 39 weeks from 2025-09-01, a Monday: fewer at weekends and
-- at night. It only ever grows, so that later sessions have larger ids.
CREATE MACRO weekday(rest) AS CASE
    WHEN rest < 0.18 THEN rest / 0.18
    WHEN rest < 0.37 THEN 1 + (rest - 0.18) / 0.19
    WHEN rest < 0.56 THEN 2 + (rest - 0.37) / 0.19
    WHEN rest < 0.74 THEN 3 + (rest - 0.56) / 0.18
    WHEN rest < 0.90 THEN 4 + (rest - 0.74) / 0.16
    WHEN rest < 0.95 THEN 5 + (rest - 0.90) / 0.05
    ELSE 6 + (rest - 0.95) / 0.05 END;
CREATE MACRO hour_of(rest) AS CASE
    WHEN rest < 0.04 THEN rest / 0.04 * 8
    WHEN rest < 0.88 THEN 8 + (rest - 0.04) / 0.84 * 11
    ELSE 19 + (rest - 0.88) / 0.12 * 5 END;
CREATE MACRO in_week(week, day) AS
    floor(week) * 604800000 + floor(day) * 86400000 + floor(hour_of(day - floor(day)) * 3600000);
CREATE MACRO moment(progress) AS
    make_timestamp_ms(1756684800000 + in_week(progress * 39, weekday(progress * 39 - floor(progress * 39)))::BIGINT);
CREATE MACRO after(start, seconds) AS start + to_milliseconds(floor((seconds) * 1000)::BIGINT);

CREATE MACRO iso(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ');

-- One session in eight is a rerun of an earlier one; the walk back ends after five, which is as good as never.
CREATE MACRO parent_of(n) AS
    CASE WHEN n > 1 AND u('rerun', n) < 0.125 THEN greatest(1, n - 1 - floor(u('parent', n) * 40))::BIGINT END;
CREATE MACRO root_of(n) AS
    list_reduce(range(5), lambda found, step: coalesce(parent_of(found), found), n);

-- One row a session numbered first … last - 1: when it began, what it is about, who worked on it and how it ended.
-- `tries` is the attempt that would pass, geometric; `budget` is how many the session was given.
-- `state`: passed, failed, running, or unknown (it ended, and nobody wrote down how).
CREATE MACRO sessions_from(first, last) AS TABLE
WITH numbered AS (
    SELECT n, (n - u('slot', n)) / getvariable('total') AS progress, parent_of(n) AS parent, root_of(n) AS subject
    FROM range(first, last) AS numbers(n)
),
drawn AS (
    SELECT *,
        moment(progress) AS started_at,
        floor(12 * u('topic', subject) ** 1.25)::BIGINT AS topic_no,
        floor(3 * u('difficulty', subject))::BIGINT AS difficulty_no,
        floor(5 * u('model', n))::BIGINT AS model_no,
        floor(4 * u('agent', n))::BIGINT AS agent_no,
        u('luck', n) AS luck,
        u('tries', n) AS chance,
        u('state', n) AS fate
    FROM numbered
),
weighed AS (
    SELECT drawn.*, topic, difficulty, model, agent, answer,
        topics.hardness + difficulties.hardness AS hardness,
        -- 1e-9 keeps the logarithm finite when luck is 0.
        1.6 * progress - 1.1 + 0.35 * ln((luck + 1e-9) / (1 - luck)) AS mood,
        models.strength + agents.strength AS strength
    FROM drawn JOIN topics USING (topic_no) JOIN difficulties USING (difficulty_no)
        JOIN models USING (model_no) JOIN agents USING (agent_no)
),
tried AS (
    SELECT *,
        1 + floor(ln(1 - chance) / ln(1 - 1 / (1 + exp(hardness - strength - mood))))::BIGINT AS tries,
        [5, 5, 5, 5, 5, 4, 4, 3, 3, 2][1 + (bits('budget', n) % 10)::BIGINT] AS budget
    FROM weighed
)
SELECT n, subject, parent, progress, started_at, topic_no, topic, answer, difficulty, model_no, model, agent_no, agent,
    hardness, mood,
    least(tries, budget)::BIGINT AS attempts,
    CASE
        -- Most of those that still run began in the last days.
        WHEN fate < CASE WHEN progress > 0.98 THEN 0.5 ELSE 0.015 END THEN 'running'
        WHEN fate > 0.97 THEN 'unknown'
        WHEN tries <= budget THEN 'passed'
        ELSE 'failed'
    END AS state,
    fill(getvariable('goals')[1 + topic_no * 3 + (bits('goal', subject) % 3)::BIGINT], bits('words', subject)) AS goal
FROM tried;

-- One of the four snippets of the topic.
CREATE MACRO snippet(topic_no, choice, number) AS
    fill(getvariable('snippets')[1 + topic_no * 4 + (choice % 4)::BIGINT], number);
