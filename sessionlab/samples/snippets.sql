-- Four pieces of Python a topic, in the order of topics.topic_no. Placeholders as in vocabulary.sql.

CREATE TABLE snippets AS FROM (VALUES
(0, 0, $$def longest_{noun}_run(values: list[int], limit: int = {m}) -> int:
    best = start = total = 0
    for end, value in enumerate(values):
        total += value
        while total > limit and start <= end:
            total -= values[start]
            start += 1
        best = max(best, end - start + 1)
    return best
$$),
(0, 1, $$def move_{adj}_last({noun}s):
    write = 0
    for item in {noun}s:
        if item is not None and item != {n}:
            {noun}s[write] = item
            write += 1
    for index in range(write, len({noun}s)):
        {noun}s[index] = None
    return {noun}s
$$),
(0, 2, $$class {noun}_window:
    def __init__(self, size={n}):
        self.size = size
        self.items = deque()
        self.total = 0

    def add(self, value):
        self.items.append(value)
        self.total += value
        if len(self.items) > self.size:
            self.total -= self.items.popleft()
        return self.total / len(self.items)
$$),
(0, 3, $$numbers = list(map(int, input().split()))
best = current = numbers[0]
for {noun} in numbers[1:]:
    current = max({noun}, current + {noun})
    best = max(best, current)
print(min(best, {m}))
$$),
(1, 0, $$def normalise_{noun}(name: str) -> str:
    text = unicodedata.normalize("NFKD", name)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(text.casefold().split())[:{n}]
$$),
(1, 1, $$def shorten_{noun}(title, width={n}):
    if len(title) <= width:
        return title
    words, line = title.split(), ""
    for word in words:
        if len(line) + len(word) + 1 > width - 3:
            break
        line = f"{line} {word}".strip()
    return line + "..."
$$),
(1, 2, $$def common_prefix({noun}s, length={n}):
    counts = Counter({noun}[:length].upper() for {noun} in {noun}s if {noun})
    prefix, seen = counts.most_common(1)[0]
    if seen < {n}:
        raise ValueError(f"no common prefix among {len({noun}s)} {noun}s")
    return prefix
$$),
(1, 3, $$text = input().strip()
{noun} = []
for letter in text:
    if {noun} and {noun}[-1] == letter.swapcase():
        {noun}.pop()
    else:
        {noun}.append(letter)
print("".join({noun}) or "{adj}")
$$),
(2, 0, $$QUERY = """
SELECT {noun}.id, {noun}.name, max({other}.created_at) AS last_{other}
FROM {noun} LEFT JOIN {other} ON {other}.{noun}_id = {noun}.id
GROUP BY {noun}.id, {noun}.name
HAVING last_{other} IS NULL OR last_{other} < date('now', '-{n} days')
ORDER BY {noun}.id
"""
rows = connection.execute(QUERY).fetchall()
$$),
(2, 1, $$def {verb}_{noun}s(connection, limit={m}):
    connection.execute("CREATE INDEX IF NOT EXISTS idx_{noun}_{other} ON {noun}({other}_id)")
    cursor = connection.execute(
        "SELECT {other}_id, count(*) FROM {noun} WHERE status = ? GROUP BY {other}_id LIMIT ?",
        ("{adj}", limit),
    )
    return dict(cursor)
$$),
(2, 2, $$def upgrade(connection):
    with connection:
        connection.execute("CREATE TABLE {adj}_{noun} (id INTEGER PRIMARY KEY, {other} TEXT NOT NULL)")
        connection.execute(
            "INSERT INTO {adj}_{noun} SELECT id, {other} FROM {noun} WHERE state = '{adj}'"
        )
        connection.execute("DELETE FROM {noun} WHERE state = '{adj}'")
$$),
(2, 3, $$RANKED = """
SELECT *, row_number() OVER (PARTITION BY {noun}_id ORDER BY total DESC) AS place
FROM {other}_totals
WHERE total > {m}
"""
best = [row for row in connection.execute(RANKED) if row["place"] <= {n}]
$$),
(3, 0, $$def {adj}_{noun}s(path):
    seen = {}
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            digest = hashlib.sha256(line.strip()).digest()
            if digest in seen:
                yield number, seen[digest]
            seen.setdefault(digest, number)
$$),
(3, 1, $$class {noun}_cache:
    def __init__(self, size={n}):
        self.size, self.items = size, OrderedDict()

    def get(self, key, load):
        if key in self.items:
            self.items.move_to_end(key)
            return self.items[key]
        value = self.items[key] = load(key)
        if len(self.items) > self.size:
            self.items.popitem(last=False)
        return value
$$),
(3, 2, $$def group_{noun}s({noun}s):
    groups = defaultdict(list)
    for {noun} in {noun}s:
        key = "".join(sorted({noun}.{other}.lower()))
        groups[key].append({noun})
    return [group for group in groups.values() if len(group) >= {n}]
$$),
(3, 3, $$values = list(map(int, input().split()))
target, seen = {m}, {}
for index, {noun} in enumerate(values):
    if target - {noun} in seen:
        print(seen[target - {noun}], index)
        break
    seen[{noun}] = index
else:
    print(-1)
$$),
(4, 0, $$def cheapest_{noun}_route(edges, start, goal, stops={n}):
    heap = [(0, start, 0)]
    while heap:
        cost, node, depth = heapq.heappop(heap)
        if node == goal:
            return cost
        if depth <= stops:
            for neighbour, price in edges.get(node, ()):
                heapq.heappush(heap, (cost + price, neighbour, depth + 1))
    return None
$$),
(4, 1, $$def {noun}_cycle(depends):
    state, path = {}, []

    def visit({noun}):
        if state.get({noun}) == 1:
            return path[path.index({noun}):]
        if state.get({noun}) == 2:
            return None
        state[{noun}] = 1
        path.append({noun})
        for {other} in depends.get({noun}, ()):
            if cycle := visit({other}):
                return cycle
        path.pop()
        state[{noun}] = 2
        return None

    return next(filter(None, map(visit, depends)), None)
$$),
(4, 2, $$def {noun}_islands(nodes, edges):
    parent = {node: node for node in nodes}

    def find(node):
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in edges:
        parent[find(a)] = find(b)
    return Counter(find(node) for node in nodes).most_common({n})
$$),
(4, 3, $$queue, seen = deque([start]), {start}
while queue:
    {noun} = queue.popleft()
    for {other} in links[{noun}]:
        if {other} not in seen and len(seen) < {m}:
            seen.add({other})
            queue.append({other})
print(len(seen))
$$),
(5, 0, $$def best_{noun}s({noun}s, budget={m}):
    best = [0] * (budget + 1)
    for {noun} in {noun}s:
        for money in range(budget, {noun}.cost - 1, -1):
            best[money] = max(best[money], best[money - {noun}.cost] + {noun}.value)
    return best[budget]
$$),
(5, 1, $$@lru_cache(maxsize=None)
def ways(amount, kinds={n}):
    if amount == 0:
        return 1
    if amount < 0 or kinds == 0:
        return 0
    return ways(amount - {noun}_values[kinds - 1], kinds) + ways(amount, kinds - 1)


print(ways({m}))
$$),
(5, 2, $$def {noun}_distance(left: str, right: str) -> int:
    if len(left) < len(right):
        left, right = right, left
    previous = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (a != b)))
        previous = current
    return previous[-1]
$$),
(5, 3, $$take = skip = 0
for {noun} in map(int, input().split()):
    take, skip = skip + {noun}, max(take, skip)
    if take > {m}:
        break
print(max(take, skip))
$$),
(6, 0, $$def sort_{noun}s({noun}s):
    def key({noun}):
        return ({noun}.{other} is None, {noun}.{other}, -{noun}.age)

    return sorted({noun}s, key=key)[:{m}]
$$),
(6, 1, $$def merge_{noun}_files(paths, out, buffer={m}):
    files = [open(path, encoding="utf-8", buffering=buffer) for path in paths]
    try:
        for line in heapq.merge(*files, key=lambda line: int(line.split(",")[{n} % 2])):
            out.write(line)
    finally:
        for file in files:
            file.close()
$$),
(6, 2, $$class top_{noun}s:
    def __init__(self, size={n}):
        self.size, self.heap = size, []

    def add(self, score, {noun}):
        if len(self.heap) < self.size:
            heapq.heappush(self.heap, (score, {noun}))
        else:
            heapq.heappushpop(self.heap, (score, {noun}))
$$),
(6, 3, $$values = list(map(int, input().split()))
for index in range(1, len(values)):
    {noun} = values[index]
    place = index
    while place and values[place - 1] > {noun}:
        values[place] = values[place - 1]
        place -= 1
    values[place] = {noun}
print(*values[:{m}])
$$),
(7, 0, $$PATTERN = re.compile(r"\b({noun}|{other})[-_ ]?(\d{{n}})\b", re.IGNORECASE)


def {noun}_numbers(text):
    return [match.group(2) for match in PATTERN.finditer(text)]
$$),
(7, 1, $$LINE = re.compile(r"^(?P<{noun}>[^,;]+)[,;](?P<{other}>\d+)(?:[,;](?P<rest>.*))?$")


def {verb}_lines(lines):
    for number, line in enumerate(lines, 1):
        match = LINE.match(line.rstrip("\n"))
        if match is None:
            raise ValueError(f"line {number} is {adj}: {line[:{n}]!r}")
        yield match.groupdict()
$$),
(7, 2, $$PARTS = {
    "{noun}": re.compile(r"[a-z0-9._-]{1,{n}}"),
    "{other}": re.compile(r"[A-Z]{2}-\d{4,}"),
}


def {adj}_parts(fields):
    return [name for name, pattern in PARTS.items() if not pattern.fullmatch(fields.get(name, ""))]
$$),
(7, 3, $$found = re.findall(r"{noun}=(\d+)", sys.stdin.read())
print(sum(1 for value in map(int, found) if value > {m}))
$$),
(8, 0, $$def print_{noun}s(root):
    level = [root]
    while level:
        print(" ".join(("*" if {noun}.{adj} else "") + {noun}.name for {noun} in level)[:{m}])
        level = [child for {noun} in level for child in {noun}.children]
$$),
(8, 1, $$def common_parent(root, left, right):
    if root is None or root is left or root is right:
        return root
    below = [common_parent({noun}, left, right) for {noun} in (root.left, root.right)]
    if all(below):
        return root
    return below[0] or below[1]
$$),
(8, 2, $$def build_{noun}_index({noun}s, low=0, high=None):
    high = len({noun}s) if high is None else high
    if low >= high:
        return None
    middle = (low + high) // 2
    return Node(
        {noun}s[middle],
        build_{noun}_index({noun}s, low, middle),
        build_{noun}_index({noun}s, middle + 1, high),
    )
$$),
(8, 3, $$def depth({noun}):
    stack, deepest = [({noun}, 1)], 0
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((child, level + 1) for child in node.children if level < {m})
    return deepest
$$),
(9, 0, $$def read_{noun}s(text):
    field, row, quoted = [], [], False
    for char in text:
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            row.append("".join(field))
            field = []
        elif char == "\n" and not quoted:
            yield [*row, "".join(field)][:{n}]
            field, row = [], []
        else:
            field.append(char)
$$),
(9, 1, $$def evaluate(tokens, weakest=0):
    left = number(next(tokens))
    while tokens.peek() in LEVELS and LEVELS[tokens.peek()] > weakest:
        operator = next(tokens)
        right = evaluate(tokens, LEVELS[operator])
        left = APPLY[operator](left, right)
        if abs(left) > {m}:
            raise OverflowError("{noun} formula is too large")
    return left
$$),
(9, 2, $$def {noun}_settings(lines):
    settings, section = {}, "{other}"
    for number, line in enumerate(lines, 1):
        line = line.split("#")[0].strip()
        if line.startswith("["):
            section = line[1:-1]
        elif "=" in line:
            key, value = map(str.strip, line.split("=", 1))
            settings[section, key] = value, number
    return settings
$$),
(9, 3, $$depth = 0
for place, char in enumerate(input()):
    depth += (char == "(") - (char == ")")
    if depth < 0 or depth > {n}:
        sys.exit(f"{adj} bracket at {place}")
print("ok" if depth == 0 else "{noun} is not closed")
$$),
(10, 0, $$def divide({noun}s, {other}s):
    if not {other}s:
        return [[]] if not {noun}s else []
    return [
        [{noun}s[:size], *rest]
        for size in range(len({noun}s) + 1)
        for rest in divide({noun}s[size:], {other}s[1:])
    ][:{m}]
$$),
(10, 1, $$def flatten({noun}s):
    stack = [iter({noun}s)]
    while stack:
        for item in stack[-1]:
            if isinstance(item, list):
                stack.append(iter(item))
                break
            yield item
        else:
            stack.pop()
$$),
(10, 2, $$def place({noun}s, row=0, size={n}):
    if row == size:
        return {noun}s
    for column in range(size):
        if all(c != column and abs(c - column) != row - r for r, c in enumerate({noun}s)):
            if solved := place([*{noun}s, column], row + 1, size):
                return solved
    return None
$$),
(10, 3, $$def {verb}({noun}, depth=0):
    if depth > {n}:
        raise RecursionError(f"{noun} is nested deeper than {depth}")
    if isinstance({noun}, dict):
        return {key: {verb}(value, depth + 1) for key, value in {noun}.items()}
    return {noun}
$$),
(11, 0, $$def run_workers({noun}s, handle, workers={n}):
    seen, lock = set(), threading.Lock()

    def once({noun}):
        with lock:
            if {noun}.{other} in seen:
                return None
            seen.add({noun}.{other})
        return handle({noun})

    with ThreadPoolExecutor(workers) as pool:
        return [result for result in pool.map(once, {noun}s) if result is not None]
$$),
(11, 1, $$class {noun}_store:
    def __init__(self):
        self.{noun}_lock, self.{other}_lock = threading.Lock(), threading.Lock()

    def {verb}(self, {noun}, {other}):
        # Always in this order: the {other} reader took them the other way round.
        with self.{noun}_lock, self.{other}_lock:
            self.items[{noun}] = {other}
$$),
(11, 2, $$class {noun}_limiter:
    def __init__(self, rate={n}):
        self.rate, self.allowed, self.last = rate, rate, time.monotonic()
        self.lock = threading.Lock()

    def wait(self):
        with self.lock:
            now = time.monotonic()
            self.allowed = min(self.rate, self.allowed + (now - self.last) * self.rate)
            self.last = now
            if self.allowed < 1:
                time.sleep((1 - self.allowed) / self.rate)
            self.allowed -= 1
$$),
(11, 3, $$async def fetch_{noun}s(client, ids, limit={n}):
    gate = asyncio.Semaphore(limit)

    async def one(id):
        async with gate:
            return await client.get(f"/{noun}/{id}", timeout={n})

    return await asyncio.gather(*(one(id) for id in ids), return_exceptions=True)
$$)
) AS t(topic_no, variant, snippet);

SET VARIABLE snippets = (SELECT list(snippet ORDER BY topic_no, variant) FROM snippets);
