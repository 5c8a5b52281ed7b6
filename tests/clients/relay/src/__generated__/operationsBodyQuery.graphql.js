/**
 * @generated SignedSource<<ab787e544fb8d59273f27f9991ab5c06>>
 * @lightSyntaxTransform
 */

/* eslint-disable */

'use strict';

var node = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "code"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "fields": [
          {
            "kind": "Variable",
            "name": "code",
            "variableName": "code"
          }
        ],
        "kind": "ObjectValue",
        "name": "by"
      }
    ],
    "concreteType": "Body",
    "kind": "LinkedField",
    "name": "body",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "id",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "code",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "name",
        "storageKey": null
      }
    ],
    "storageKey": null
  },
  {
    "alias": null,
    "args": null,
    "kind": "ScalarField",
    "name": "feedHead",
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "operationsBodyQuery",
    "selections": (v1/*:: as any*/),
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "operationsBodyQuery",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "77fa998ff031ebe08c598c7792e9d87d",
    "id": null,
    "metadata": {},
    "name": "operationsBodyQuery",
    "operationKind": "query",
    "text": "query operationsBodyQuery(\n  $code: String!\n) {\n  body(by: {code: $code}) {\n    id\n    code\n    name\n  }\n  feedHead\n}\n"
  }
};
})();

node.hash = "c31eed2c5cc2ba00b7fbdcceed85401b";

export default node;
