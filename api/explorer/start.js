// Starts GraphiQL on this service, with example operations and a place for a token.
const examples = [
  `# The council's record. A token goes into the headers below:
# { "Authorization": "Bearer …" }, printed by: rec token --role reader

{
  workingGroups { nodes { code name } }
  organizers { nodes { acronym name } }
  meetings(orderBy: [{ field: STARTS_ON, direction: DESC }]) {
    totalCount
    nodes { title startsOn organizers { role organization { acronym } } }
  }
}
`,
  `# A body with its sessions. Go on with after: "<endCursor>".

query Body($code: String!) {
  body(by: { code: $code }) {
    name
    reportsTo { code }
    sessions(first: 5, orderBy: [{ field: ORDINAL }]) {
      nodes { ordinal meeting { title startsOn city } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
`,
  `# Recommendations that are adopted, the newest first. A new installation has none: rec seed demo adds some.

{
  recommendations(
    filter: { status: { in: [ADOPTED, TRANSMITTED] } }
    orderBy: [{ field: ADOPTED_ON, direction: DESC }]
  ) {
    totalCount
    nodes { label title adoptedOn isDemo body { code } addressees { role category country { iso2 } organization { acronym } } }
  }
}
`,
  `# A write. It needs a token of the secretariat in the headers below: rec token --role secretariat

mutation {
  createTheme(input: { code: "LEGAL", kind: SUBJECT, name: [{ locale: EN, text: "Legal frameworks" }] }) {
    theme { id code version }
    userErrors { code message path }
    change { cursor }
  }
}
`,
];
const variables = [undefined, '{ "code": "WG-A" }'];

ReactDOM.createRoot(document.getElementById('explorer')).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: '/graphql' }),
    defaultTabs: examples.map((query, index) => ({ query, variables: variables[index] })),
    defaultEditorToolsVisibility: 'headers',
    shouldPersistHeaders: false,
  }),
);
