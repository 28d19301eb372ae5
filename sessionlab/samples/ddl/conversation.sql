CREATE TABLE sessions (
    session_id {uuid} PRIMARY KEY,
    user_id TEXT,
    start_time {time},
    end_time {time},
    metadata {json}
);

CREATE TABLE contexts (
    context_id {uuid} PRIMARY KEY,
    session_id {uuid} REFERENCES sessions(session_id),
    content TEXT,
    type TEXT,
    created_at {time}
);

CREATE TABLE conversations (
    conversation_id {uuid} PRIMARY KEY,
    session_id {uuid} REFERENCES sessions(session_id),
    message_role TEXT,
    content TEXT,
    timestamp {time},
    metadata {json}
);
