-- Worktree sessions first … last - 1: two to four instances on one task, in four workspaces at a time.

CREATE OR REPLACE TABLE drafts AS
SELECT *,
    uid('session', n) AS session_id,
    (n - 1) // 400 * 4 + (n - 1) % 4 + 1 AS workspace_id,
    ['competition', 'competition', 'ensemble', 'debate'][1 + (bits('type', n) % 4)::BIGINT] AS type,
    [2, 2, 2, 3, 4][1 + (bits('size', n) % 5)::BIGINT] AS size
FROM sessions_from(getvariable('first'), getvariable('last'));

CREATE OR REPLACE MACRO workspace_path(id) AS format('/home/dev/project-{:04d}', id);
CREATE OR REPLACE MACRO workspace_hash(id) AS sha256(workspace_path(id))[1:16];

CREATE OR REPLACE TABLE native.workspaces AS
SELECT workspace_id AS id, workspace_path(workspace_id) AS workspace_path,
    workspace_hash(workspace_id) AS workspace_hash, min(started_at) AS created_at, max(started_at) AS last_accessed_at
FROM drafts GROUP BY workspace_id ORDER BY id;

-- Who works on it. No agent and no model comes twice in one session.
-- `form` is the strength on this day: with noise of Gumbel's distribution the strongest wins as Bradley and Terry say.
CREATE OR REPLACE TABLE entrants AS
WITH entered AS (
    SELECT n, session_id, started_at, hardness, mood, goal, subject, topic_no, type, state, workspace_id,
        unnest(range(1, size + 1)) AS instance_id, (model_no + instance_id) % 5 AS model_no,
        (agent_no + instance_id) % 4 AS agent_no
    FROM drafts
),
weighed AS (
    SELECT entered.*, models.model, runtime, runtime_label, agent, concat(n, '.', instance_id) AS key,
        models.strength + agents.strength AS strength
    FROM entered JOIN models USING (model_no) JOIN agents USING (agent_no)
),
drawn AS (
    SELECT *,
        -- Kept off 0 and 1, where the logarithms end.
        strength - ln(-ln(1e-12 + u('form', key) * (1 - 2e-12))) AS form,
        u('passes', key) < 1 / (1 + exp(hardness - strength - mood)) AND state <> 'running' AS passes,
        after(started_at, 2 * instance_id + u('start', key)) AS start_time,
        bits('work', key) AS number
    FROM weighed
)
SELECT *, after(start_time, 240 + 2400 * u('work time', key)) AS end_time, 1 + number % 14 AS files_changed,
    4 + (number >> 8) % 380 AS lines_added, (number >> 20) % 160 AS lines_deleted
FROM drawn;

CREATE OR REPLACE TABLE endings AS
SELECT n, bool_or(passes) AS passed, arg_max(instance_id, form) FILTER (passes) AS winner, max(end_time) AS ended_at,
    sum(files_changed)::BIGINT AS total_files, sum(lines_added)::BIGINT AS total_added,
    sum(lines_deleted)::BIGINT AS total_deleted
FROM entrants GROUP BY n;

CREATE OR REPLACE TABLE native.sessions AS
WITH ended AS (
    SELECT drafts.*, passed, winner, total_files, total_added, total_deleted,
        CASE WHEN state = 'running' THEN CASE WHEN bits('paused', n) % 3 = 0 THEN 'paused' ELSE 'running' END
            WHEN passed THEN 'completed' ELSE 'failed' END AS status,
        after(ended_at, 5 + 90 * u('end', n)) AS ended_at
    FROM drafts JOIN endings USING (n)
)
SELECT
    session_id AS id, workspace_id, type, concat(goal, '. ', write(getvariable('notes'), bits('task', n))) AS task,
    status,
    started_at AS created_at,
    CASE WHEN state = 'running' THEN after(started_at, 30 + 600 * u('touch', n)) ELSE ended_at END AS updated_at,
    CASE WHEN state <> 'running' THEN ended_at END AS completed_at,
    CASE WHEN bits('model', n) % 3 = 0 THEN model END AS model,
    [300, 600, 900, 1800, 3600][1 + (bits('timeout', n) % 5)::BIGINT] AS timeout_seconds,
    bits('preserve', n) % 4 = 0 AS preserve_worktrees,
    -- An ensemble has no winner, and some debates end without one.
    CASE WHEN status = 'completed' AND (type = 'competition' OR type = 'debate' AND bits('verdict', n) % 4 > 0)
        THEN winner END AS winner_id,
    CASE WHEN state <> 'running' THEN date_diff('millisecond', started_at, ended_at) END AS total_duration,
    CASE WHEN state <> 'running' THEN total_files END AS total_files_changed,
    CASE WHEN state <> 'running' THEN total_added END AS total_lines_added,
    CASE WHEN state <> 'running' THEN total_deleted END AS total_lines_deleted,
    CASE WHEN type = 'ensemble' AND bits('integrated', n) % 3 > 0 THEN
        CASE status WHEN 'completed' THEN 'completed' WHEN 'running' THEN 'pending' ELSE 'in_progress' END
    END AS integration_phase,
    CASE WHEN integration_phase IN ('completed', 'in_progress') THEN coalesce(winner, 1) END AS integration_instance_id,
    n AS _n
FROM ended ORDER BY n;

-- A runtime stands where its first instance does.
CREATE OR REPLACE TABLE native.session_runtime_mix AS
WITH firsts AS (
    SELECT n, session_id, runtime, min(instance_id) AS place FROM entrants GROUP BY n, session_id, runtime
)
SELECT getvariable('mixes') + row_number() OVER (ORDER BY n, place) AS id, session_id, runtime
FROM firsts ORDER BY id;

CREATE OR REPLACE TABLE native.instances AS
SELECT
    getvariable('instances') + row_number() OVER (ORDER BY n, instance_id) AS id,
    session_id, instance_id,
    format('{}/.worktrees/{}-{}/instance-{}', workspace_path(workspace_id), type, session_id[1:8], instance_id)
        AS worktree_path,
    format('{}-{}-{}', runtime, type, instance_id) AS branch,
    agent AS agent_name,
    CASE
        WHEN state = 'running' THEN CASE WHEN number % 4 = 0 THEN 'idle' ELSE 'running' END
        -- Some that lost were put away.
        WHEN passes AND winner <> instance_id AND number % 10 = 0 THEN 'archived'
        WHEN passes THEN 'completed'
        ELSE 'failed'
    END AS status,
    format('{}-{}-{}', runtime, session_id[1:8], instance_id) AS tmux_session_id,
    CASE WHEN state <> 'running' THEN concat(write(getvariable('console'), number), E'$ pytest -q\n',
        CASE WHEN passes THEN format(E'{} passed in {}.{:02d}s\n', 4 + number % 60, 1 + number % 9, number % 97)
            ELSE format(E'{} failed, {} passed in {}.{:02d}s\n', 1 + number % 4, 3 + number % 50, 2 + number % 9,
                number % 89) END) END AS output,
    start_time,
    CASE WHEN state <> 'running' THEN end_time END AS end_time,
    CASE WHEN state <> 'running' THEN files_changed END::BIGINT AS files_changed,
    CASE WHEN state <> 'running' THEN lines_added END::BIGINT AS lines_added,
    CASE WHEN state <> 'running' THEN lines_deleted END::BIGINT AS lines_deleted,
    runtime, model, runtime_label
FROM entrants JOIN endings USING (n) ORDER BY id;

-- The task, what each instance says about its work, and the user's last word.
CREATE OR REPLACE TABLE native.chat_messages AS
WITH messages AS (
    SELECT n, session_id, 0 AS place, 'user' AS role, started_at AS timestamp, NULL AS instance_id,
        concat(goal, '. ', write(getvariable('notes'), bits('task', n))) AS content
    FROM drafts
    UNION ALL
    SELECT n, session_id, instance_id, 'assistant', end_time, instance_id,
        concat(write(getvariable('explanations'), bits('says', key)), CASE
            WHEN passes THEN fill('All tests of {verb}_{noun}s pass.', bits('words', subject))
            ELSE write(getvariable('runtime_errors'), bits('error', key)) END)
    FROM entrants WHERE state <> 'running'
    UNION ALL
    SELECT n, session_id, 9, 'user', after(ended_at, 3), NULL, write(getvariable('requests'), bits('last', n)).trim()
    FROM drafts JOIN endings USING (n) WHERE state <> 'running' AND bits('has last', n) % 2 = 0
)
SELECT uid('message', concat(n, '.', place)) AS id, session_id, role, content, timestamp,
    instance_id::BIGINT AS instance_id, n AS _n, place AS _k
FROM messages ORDER BY _n, timestamp, _k;

SET VARIABLE mixes = (SELECT getvariable('mixes') + count(*) FROM native.session_runtime_mix);
SET VARIABLE instances = (SELECT getvariable('instances') + count(*) FROM native.instances);

CREATE OR REPLACE VIEW documents AS
WITH runs AS (
    SELECT session_id, list({instanceId: instance_id, worktreePath: worktree_path, branch: branch, agentName: agent_name,
        status: status, tmuxSessionId: tmux_session_id, output: output, startTime: iso(start_time),
        endTime: iso(end_time), filesChanged: files_changed, linesAdded: lines_added, linesDeleted: lines_deleted,
        runtime: runtime, model: model, runtimeLabel: runtime_label} ORDER BY instance_id) AS instances
    FROM native.instances GROUP BY session_id
),
chats AS (
    SELECT session_id, list({id: id, role: role, content: content, timestamp: iso(timestamp), instanceId: instance_id}
        ORDER BY timestamp, _k) AS messages
    FROM native.chat_messages GROUP BY session_id
),
mixes AS (SELECT session_id, list(runtime ORDER BY id) AS runtimes FROM native.session_runtime_mix GROUP BY session_id)
SELECT
    concat(workspace_hash(workspace_id), '.json') AS file,
    _n,
    {id: id, type: type, task: task, status: status, createdAt: iso(created_at), updatedAt: iso(updated_at),
        completedAt: iso(completed_at), instances: instances, chatHistory: messages, model: model,
        timeoutSeconds: timeout_seconds, preserveWorktrees: preserve_worktrees, winnerId: winner_id,
        runtimeMix: runtimes, totalDuration: total_duration, totalFilesChanged: total_files_changed, totalLinesAdded: total_lines_added,
        totalLinesDeleted: total_lines_deleted, integrationPhase: integration_phase,
        integrationInstanceId: integration_instance_id} AS document
FROM native.sessions LEFT JOIN runs ON runs.session_id = id LEFT JOIN chats ON chats.session_id = id
    LEFT JOIN mixes ON mixes.session_id = id;
