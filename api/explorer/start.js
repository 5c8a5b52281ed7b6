// Starts GraphiQL on this service, with a first query and a place for a token.
const firstQuery = `# The council's record. A token goes into the headers below:
# { "Authorization": "Bearer …" }, printed by: rec token --role reader

{
  workingGroups { nodes { code name } }
  organizers { nodes { acronym name } }
  meetings(orderBy: [{ field: STARTS_ON, direction: DESC }]) {
    totalCount
    nodes { title startsOn organizers { role organization { acronym } } }
  }
}
`;

ReactDOM.createRoot(document.getElementById('explorer')).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: '/graphql' }),
    defaultQuery: firstQuery,
    defaultEditorToolsVisibility: 'headers',
    shouldPersistHeaders: false,
  }),
);
