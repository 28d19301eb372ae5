CREATE TABLE session (
    id {serial},
    design_goal TEXT NOT NULL,
    parent_session_id INTEGER REFERENCES session(id),
    created_at {time} DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE iteration (
    id {serial},
    session_id INTEGER NOT NULL REFERENCES session(id),
    code TEXT NOT NULL,
    feedback TEXT,
    created_at {time} DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE error (
    id {serial},
    iteration_id INTEGER NOT NULL REFERENCES iteration(id),
    error_type TEXT CHECK(error_type IN ('syntax', 'runtime')),
    error_message TEXT,
    error_line INTEGER,
    created_at {time} DEFAULT CURRENT_TIMESTAMP
);
