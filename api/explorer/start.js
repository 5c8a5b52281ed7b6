// Starts GraphiQL on this service, with example operations and a place for a token.
const examples = [
  `# The council's record, as everyone sees it.
# With a token it is as its holder sees it.

query Council {
  workingGroups { nodes { code name } }
  organizers { nodes { acronym name } }
  meetings(
    orderBy: [
      { field: STARTS_ON, direction: DESC }
    ]
  ) {
    totalCount
    nodes {
      title
      startsOn
      organizers {
        role
        organization { acronym }
      }
    }
  }
}
`,
  `# A body with its sessions.
# Go on with after: "<endCursor>".

query Body($code: String!) {
  body(by: { code: $code }) {
    name
    reportsTo { code }
    sessions(
      first: 5
      orderBy: [{ field: ORDINAL }]
    ) {
      nodes {
        ordinal
        meeting { title startsOn city }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
`,
  `# What is adopted, the newest first. A new
# installation has none: run rec seed demo.

query Adopted {
  recommendations(
    filter: {
      status: { in: [ADOPTED, TRANSMITTED] }
    }
    orderBy: [
      { field: ADOPTED_ON, direction: DESC }
    ]
  ) {
    totalCount
    nodes {
      label
      title
      adoptedOn
      isDemo
      body { code }
      addressees {
        role
        category
        country { iso2 }
        organization { acronym }
      }
    }
  }
}
`,
  `# A write. It needs a token of the secretariat:
# rec token --role secretariat

mutation AddTheme {
  createTheme(
    input: {
      code: "LEGAL"
      kind: SUBJECT
      name: [
        { locale: EN, text: "Legal frameworks" }
      ]
    }
  ) {
    theme { id code version }
    userErrors { code message path }
    change { cursor }
  }
}
`,
];
const follow = `# What changes in the register, as it changes.
# Write something in another window meanwhile.

subscription Changes {
  changes {
    kind
    type
    recordId
    version
    reason
    node { id }
  }
}
`;
const variables = [undefined, '{ "code": "WG-A" }'];

const url = 'graphql';
const ask = GraphiQL.createFetcher({ url });

// A query by QUERY (RFC 10008), which only reads; by POST where something on the way does not let it through.
let knowsQuery = true;
async function read(url, request) {
  if (knowsQuery) {
    const answer = await fetch(url, { ...request, method: 'QUERY' }).catch(() => undefined);
    if (answer?.headers.has('Accept-Query')) return answer;
    knowsQuery = false;
  }
  return fetch(url, request);
}
const askToRead = GraphiQL.createFetcher({ url, fetch: read });

// The results of a subscription, which come as a stream of events. Whoever stops it ends the stream, too.
function results(params, headers) {
  const stop = new AbortController();
  const stream = events(params, headers, stop.signal);
  const end = stream.return.bind(stream);
  stream.return = (value) => {
    stop.abort();
    return end(value);
  };
  return stream;
}

async function* events(params, headers, signal) {
  const request = { method: 'POST', body: JSON.stringify(params), signal };
  request.headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream', ...headers };
  try {
    const answer = await fetch(url, request);
    if (!answer.ok) {
      yield await answer.json();
      return;
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = '', read; !(read = await reader.read()).done; ) {
      const events = (text + read.value).split('\n\n');
      text = events.pop();
      for (const event of events) {
        const data = event.split('\n').find((line) => line.startsWith('data: {'));
        if (data) yield JSON.parse(data.slice(6));
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const token = document.getElementById('token');

// The headers of the editor, and the token, unless they hold one.
function withToken(options) {
  const held = token.value.trim().replace(/^Bearer /i, '');
  const isGiven = Object.keys(options?.headers ?? {}).some((name) => name.toLowerCase() === 'authorization');
  return held && !isGiven ? { ...options, headers: { Authorization: `Bearer ${held}`, ...options?.headers } } : options;
}

let hasAsked = false;
function fetcher(params, given) {
  const options = withToken(given);
  const operations = (options?.documentAST?.definitions ?? []).filter((one) => one.operation);
  const executed = operations.find(({ name }) => !params.operationName || name?.value === params.operationName);
  hasAsked ||= Boolean(executed);
  if (/[^\x20-\x7e]/.test(token.value)) return { errors: [{ message: 'The token holds a character that no token has.' }] };
  switch (executed?.operation) {
    case 'subscription':
      return results(params, options?.headers);
    case 'query':
      return askToRead(params, options);
    default:
      return ask(params, options);
  }
}

// What the browser keeps of the editor, but for headers: a token may stand in them. Other values are texts as they were written.
const withHeaders = ['graphiql:tabState', 'graphiql:queries', 'graphiql:favorites'];
const kept = () => Object.keys(localStorage).filter((key) => key.startsWith('graphiql:'));
const storage = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => localStorage.setItem(key, withHeaders.includes(key) ? withoutHeaders(value) : value),
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => kept().forEach((key) => localStorage.removeItem(key)),
  get length() {
    return kept().length;
  },
};
// A browser may refuse to keep anything.
const isKept = (() => {
  try {
    return localStorage.length >= 0;
  } catch {
    return false;
  }
})();
const withoutHeaders = (text) => JSON.stringify(JSON.parse(text), (name, value) => (name === 'headers' ? null : value));

ReactDOM.createRoot(document.getElementById('explorer')).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultTabs: [...examples, follow].map((query, index) => ({ query, variables: variables[index] })),
    defaultQuery: '# A query of your own.\n\nquery Own {\n  viewer { role }\n}\n',
    defaultEditorToolsVisibility: 'variables',
    shouldPersistHeaders: false,
    storage: isKept ? storage : { getItem: () => null, setItem() {}, removeItem() {}, clear() {}, length: 0 },
  }),
);

// Names the editors for whoever does not see them.
function nameEditors() {
  for (const section of document.querySelectorAll('.graphiql-editor-tool, section')) {
    const names = section.matches('.graphiql-editor-tool') ? ['Variables', 'Headers'] : [section.getAttribute('aria-label')];
    section.querySelectorAll('.CodeMirror').forEach(({ CodeMirror }, index) => CodeMirror.setOption('screenReaderLabel', names[index] ?? names[0]));
  }
}

// The first query is run as soon as it stands in the editor. What was written there before is not. A click before all editors are there does
// nothing.
const run = setInterval(() => {
  const editor = document.querySelector('.graphiql-query-editor .CodeMirror')?.CodeMirror;
  const button = document.querySelector('.graphiql-execute-button');
  if (!editor || !button) return;
  nameEditors();
  if (hasAsked || editor.getValue() !== examples[0]) clearInterval(run);
  else button.click();
}, 100);
