-- The words that sample texts are made of. Placeholders: {noun} {other} {verb} {adj} {n} {m}. Nouns take a plural s, and
-- nouns and adjectives begin with a consonant, so that "a" fits before them.
-- The order of rows is part of the samples: a new row changes every record that is drawn after it.

SET VARIABLE nouns = ['parcel', 'bill', 'customer', 'shipment', 'ticket', 'wallet', 'message', 'payment',
    'session', 'signal', 'record', 'sensor', 'route', 'booking', 'product', 'review', 'token', 'basket',
    'report', 'job', 'packet', 'contract', 'task', 'segment', 'quota', 'package', 'price', 'student',
    'course', 'meter', 'sample', 'vehicle', 'playlist', 'recipe', 'league', 'player'];

SET VARIABLE verbs = ['merge', 'filter', 'count', 'group', 'rank', 'parse', 'validate', 'schedule', 'split',
    'match', 'index', 'compact', 'dedupe', 'batch', 'resolve', 'score', 'sample', 'trace', 'pack', 'align'];

SET VARIABLE adjectives = ['blank', 'duplicate', 'late', 'large', 'nested', 'shuffled', 'negative', 'missing',
    'stale', 'mixed', 'sparse', 'partial', 'repeated', 'malformed', 'concurrent', 'hidden', 'recent', 'shared'];

-- Strength and hardness are on the log-odds scale of the chance that one attempt passes.
CREATE TABLE models AS FROM (VALUES
    (0, 'quill-4', 'quill', 'Quill Code', 1.1),
    (1, 'heron-2', 'heron', 'Heron CLI', 0.7),
    (2, 'basalt-70b', 'basalt', 'Basalt Agent', 0.2),
    (3, 'quill-4-mini', 'quill', 'Quill Code', -0.2),
    (4, 'lumen-small', 'lumen', 'Lumen Shell', -0.8)
) AS t(model_no, model, runtime, runtime_label, strength);

CREATE TABLE agents AS FROM (VALUES
    (0, 'patchwork', 0.25), (1, 'codeling', 0.05), (2, 'tinker', -0.1), (3, 'forge', -0.2)
) AS t(agent_no, agent, strength);

CREATE TABLE difficulties AS FROM (VALUES
    (0, 'easy', -0.7), (1, 'medium', 0.0), (2, 'hard', 0.8)
) AS t(difficulty_no, difficulty, hardness);

-- Popular topics first: they are drawn more often.
CREATE TABLE topics AS FROM (VALUES
    (0, 'arrays', -0.8, 'sum'),
    (1, 'strings', -0.6, 'spread'),
    (2, 'sql', 0.1, 'distinct'),
    (3, 'hashing', -0.3, 'distinct'),
    (4, 'graphs', 0.9, 'largest'),
    (5, 'dynamic programming', 1.2, 'climb'),
    (6, 'sorting', -0.4, 'sorted'),
    (7, 'regex', 0.5, 'above'),
    (8, 'trees', 0.4, 'largest'),
    (9, 'parsing', 0.2, 'reversed'),
    (10, 'recursion', 0.0, 'spread'),
    (11, 'concurrency', 1.5, 'sum')
) AS t(topic_no, topic, hardness, answer);

-- Three goals a topic.
CREATE TABLE goals AS FROM (VALUES
    (0, 0, 'Find the longest run of {noun} amounts whose sum stays below {m}'),
    (0, 1, 'Rotate the {noun} list so that {adj} entries come last, in one pass'),
    (0, 2, 'Compute a sliding average over the last {n} {noun}s without storing all of them'),
    (1, 0, 'Normalise {noun} names so that {adj} spaces, case and accents do not matter'),
    (1, 1, 'Shorten a {noun} title to {n} characters without cutting a word'),
    (1, 2, 'Find the most common {n}-letter prefix of all {noun} codes'),
    (2, 0, 'Write a query that lists every {noun} without a {other} in the last {n} days'),
    (2, 1, 'Speed up the {noun} report: it scans the {other} table once a row'),
    (2, 2, 'Add a migration that splits {adj} {noun}s into a table of their own'),
    (3, 0, 'Detect {adj} {noun}s by content in a file of {m} lines'),
    (3, 1, 'Build a cache of {n} {noun}s that forgets the least used one'),
    (3, 2, 'Group {noun}s that are anagrams of the same {other} key'),
    (4, 0, 'Find the cheapest route between two {noun}s with at most {n} stops'),
    (4, 1, 'Report every cycle among {noun} dependencies before a {other} is scheduled'),
    (4, 2, 'Split the {noun} network into islands and name the largest'),
    (5, 0, 'Pick the {noun}s that fill a budget of {m} with the highest value'),
    (5, 1, 'Count the ways to pay {m} with {n} kinds of {noun} vouchers'),
    (5, 2, 'Compute the edit distance of two {noun} texts in memory linear in the shorter'),
    (6, 0, 'Sort {noun}s by {other} first and by age among equals, stably'),
    (6, 1, 'Merge {n} sorted {noun} files that do not fit into memory'),
    (6, 2, 'Keep the top {n} {noun}s of a stream at any moment'),
    (7, 0, 'Extract {noun} numbers from free text, with and without dashes'),
    (7, 1, 'Rewrite the {noun} pattern: it backtracks for minutes on {adj} lines'),
    (7, 2, 'Validate {noun} addresses and say which part is {adj}'),
    (8, 0, 'Print the {noun} hierarchy by level and mark {adj} nodes'),
    (8, 1, 'Find the closest common parent of two {noun}s'),
    (8, 2, 'Balance the {noun} index after {m} inserts in order'),
    (9, 0, 'Parse {noun} files whose quoted fields hold line breaks'),
    (9, 1, 'Evaluate {noun} formulas with brackets and {n} operators'),
    (9, 2, 'Read {noun} settings with {adj} keys and report the line of each'),
    (10, 0, 'List all ways to divide {n} {noun}s among three {other}s'),
    (10, 1, 'Flatten {adj} {noun} lists of any depth without the recursion limit'),
    (10, 2, 'Solve the {noun} puzzle on a board of {n} fields by backtracking'),
    (11, 0, 'Let {n} workers handle {noun}s at once, each {other} only once'),
    (11, 1, 'Stop the deadlock between the {noun} writer and the {other} reader'),
    (11, 2, 'Limit {noun} requests to {n} a second over all threads')
) AS t(topic_no, variant, goal);

SET VARIABLE goals = (SELECT list(goal ORDER BY topic_no, variant) FROM goals);

CREATE TABLE problems AS FROM (VALUES
    ('sum', 'return the sum of all values'),
    ('spread', 'return the difference between the largest and the smallest value'),
    ('distinct', 'return how many different values there are'),
    ('largest', 'return the largest value'),
    ('sorted', 'return the values in ascending order'),
    ('reversed', 'return the values in reverse order'),
    ('above', 'return how many values are above 50'),
    ('climb', 'return the largest sum of values of which no two are neighbours')
) AS t(answer, request);

SET VARIABLE runtime_errors = [
    'NameError: name ''{noun}_{other}'' is not defined',
    'TypeError: unsupported operand type(s) for +: ''int'' and ''NoneType''',
    'IndexError: list index out of range',
    'KeyError: ''{noun}_id''',
    'AssertionError: expected {m}, got {n}',
    'AttributeError: ''NoneType'' object has no attribute ''{verb}''',
    'TypeError: {verb}_{noun}s() missing 1 required positional argument: ''{other}''',
    'ValueError: invalid literal for int() with base 10: ''{adj}''',
    'ZeroDivisionError: division by zero',
    'RecursionError: maximum recursion depth exceeded in comparison',
    'TimeoutError: {verb}_{noun}s took longer than {n} s',
    'ModuleNotFoundError: No module named ''{noun}lib''',
    'FileNotFoundError: [Errno 2] No such file or directory: ''/home/dev/{noun}-{m}.json''',
    'UnicodeDecodeError: ''utf-8'' codec can''t decode byte 0xe9 in position {m}: invalid continuation byte'];

SET VARIABLE syntax_errors = [
    'SyntaxError: invalid syntax',
    'SyntaxError: ''('' was never closed',
    'IndentationError: unexpected indent',
    'SyntaxError: expected '':''',
    'SyntaxError: unterminated string literal (detected at line {n})',
    'IndentationError: expected an indented block after ''for'' statement on line {n}'];

SET VARIABLE explanations = [
    'I read the code around the {noun} first: the {adj} case is never reached, since the loop ends one step early. ',
    'The function kept a list of every {other}, so memory grew with the input; a counter is enough here. ',
    'I wrote a small test with {n} {adj} {noun}s, which fails before the change and passes after it. ',
    'There are two places that {verb} {noun}s, and they disagree about {adj} ones; I made both use one helper. ',
    'The order of {noun}s was not defined, so the result changed from run to run. Sorting by id settles it. ',
    'With {m} rows the old version took {n} seconds; the new one needs a single pass over the {other}s. ',
    'I left the signature as it was, so no caller has to change, and raise a ValueError for a {adj} {noun}. ',
    'The traceback points at the {other} lookup, but the cause is earlier: the {noun} id is cast to text. ',
    'I checked the edge cases: no {noun} at all, one {noun}, {n} equal ones, and a {adj} one at the end. ',
    'Here is the version that I would keep; it is shorter and says what it does with a {adj} {other}. ',
    'Two tests still fail: both expect the {noun} before the {other}. I think that the tests are right. ',
    'Nothing else in the project calls this, so I moved it next to the code that does {verb} the {noun}s. '];

SET VARIABLE requests = [
    'That is better, but the {adj} {noun} still comes out wrong. Can you look at it again? ',
    'It fails for me with {n} {noun}s: "expected {m}, got {n}". ',
    'Please handle a {adj} {other} too, and add a test for it. ',
    'Could you explain why you {verb} the {noun}s twice? ',
    'The tests pass now, thanks. One more thing: it is slow with {m} {other}s. ',
    'No, keep the {noun} order as it was. Only the {adj} ones should move. ',
    'I get an error at the line with the {other}: it is None when the {noun} is {adj}. ',
    'Please keep the names as they are in the {noun} module. '];

SET VARIABLE notes = [
    'Add a test with {adj} {noun}s.',
    'Keep the names in the {noun} module.',
    'It has to stay fast with {m} {other}s.',
    'Do not touch how the {other}s are stored.',
    'Say in one line why a {adj} {noun} is refused.',
    'Once more, and this time mind {adj} input.'];

SET VARIABLE feedback = [
    'Tests fail on {adj} {noun}s; {verb} them before the loop.',
    'Result is off by {n} for the last {other}. Check the bounds.',
    'Handle the case of a {adj} {noun} and run the tests again.',
    'The error comes from the {other} lookup: guard against None.',
    'Close, {n} of {m} cases still fail. Look at {adj} input.',
    'Do not swallow the exception; fix where the {noun} is created.'];

SET VARIABLE console = [
    E'$ git diff --stat\n src/{noun}.py | {n} +++---\n tests/test_{noun}.py | {n} ++++\n',
    E'$ ruff check src/{noun}.py\nAll checks passed!\n',
    E'Reading src/{noun}.py ({m} lines) and src/{other}.py\nEditing {verb}_{noun}s: guard for {adj} input\n',
    E'$ grep -rn "{verb}_{noun}" src | wc -l\n{n}\n',
    E'Planning: 1. reproduce with a {adj} {noun} 2. fix the {other} lookup 3. add a test\n',
    E'$ python -m {noun} --{verb} --limit {m}\nprocessed {m} {other}s in {n} s\n'];
