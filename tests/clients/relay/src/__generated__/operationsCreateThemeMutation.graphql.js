/**
 * @generated SignedSource<<1b89a7441be3bc5ef410ec395d07b6a7>>
 * @lightSyntaxTransform
 */

/* eslint-disable */

'use strict';

var node = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "input"
  }
],
v1 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "code",
  "storageKey": null
},
v2 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "input",
        "variableName": "input"
      }
    ],
    "concreteType": "ThemePayload",
    "kind": "LinkedField",
    "name": "createTheme",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "concreteType": "Theme",
        "kind": "LinkedField",
        "name": "theme",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "id",
            "storageKey": null
          },
          (v1/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "kind",
            "storageKey": null
          }
        ],
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "concreteType": "UserError",
        "kind": "LinkedField",
        "name": "userErrors",
        "plural": true,
        "selections": [
          (v1/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "path",
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "operationsCreateThemeMutation",
    "selections": (v2/*:: as any*/),
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "operationsCreateThemeMutation",
    "selections": (v2/*:: as any*/)
  },
  "params": {
    "cacheID": "974f8af2e18cbf5ad483607cd329dfc7",
    "id": null,
    "metadata": {},
    "name": "operationsCreateThemeMutation",
    "operationKind": "mutation",
    "text": "mutation operationsCreateThemeMutation(\n  $input: CreateThemeInput!\n) {\n  createTheme(input: $input) {\n    theme {\n      id\n      code\n      kind\n    }\n    userErrors {\n      code\n      path\n    }\n  }\n}\n"
  }
};
})();

node.hash = "0d4ce2c2683a03ad85508670d7f97ed7";

export default node;
