import { graphql } from "relay-runtime";

graphql`
  query operationsMeetingsQuery($count: Int, $cursor: String) {
    ...operationsMeetings_list @arguments(count: $count, cursor: $cursor)
  }
`;

graphql`
  fragment operationsMeetings_list on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 2 }, cursor: { type: "String" })
  @refetchable(queryName: "operationsMeetingsPaginationQuery") {
    meetings(first: $count, after: $cursor, orderBy: [{ field: STARTS_ON, direction: DESC }]) @connection(key: "operationsMeetings_meetings") {
      edges { node { id title startsOn } }
    }
  }
`;

graphql`
  query operationsBodyQuery($code: String!) {
    body(by: { code: $code }) { id code name }
    feedHead
  }
`;

graphql`
  mutation operationsCreateThemeMutation($input: CreateThemeInput!) {
    createTheme(input: $input) {
      theme { id code kind }
      userErrors { code path }
    }
  }
`;

graphql`
  subscription operationsChangesSubscription($after: String) {
    changes(after: $after, types: [THEME]) { cursor kind recordId node { id ... on Theme { code kind } } }
  }
`;
