//! The description of the API, in the form of OpenAPI 3.1.

use ancestral_pipeline::Settings;
use schemars::schema_for;
use serde_json::{Map, Value, json};

use crate::problem::MEDIA_TYPE;
use crate::request::field_names;
use crate::shared::Shared;

/// The description of the API of a server, with its limits.
pub(crate) fn document(shared: &Shared) -> Value {
    let (settings, definitions) = settings(shared);
    let mut schemas = Map::from_iter([
        ("SampleRequest".to_owned(), settings),
        ("Array".to_owned(), array()),
        ("Cells".to_owned(), cells()),
        ("Seed".to_owned(), seed()),
        ("ImageRequest".to_owned(), image_request(shared)),
        ("Problem".to_owned(), problem()),
    ]);
    schemas.extend(definitions);
    let secured = shared.access.needs_token();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ancestral",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Draws from diffusion models. Each result has the bytes that the command line \
                            writes for the same settings.",
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "paths": paths(secured),
        "components": {"schemas": schemas},
    });
    if secured {
        document["components"]["securitySchemes"] =
            json!({"token": {"type": "http", "scheme": "bearer"}});
        document["security"] = json!([{"token": []}]);
    }
    document
}

/// The fields of a request for samples, and the schemas that they refer to. Those of [`Settings`] and
/// their descriptions are those of the library.
fn settings(shared: &Shared) -> (Value, Map<String, Value>) {
    let limits = &shared.limits;
    let mut schema = schema_for!(Settings).to_value();
    let definitions = object(schema["$defs"].take());
    let mut properties = object(schema["properties"].take());
    properties.extend([
        ("model".to_owned(), json!({"enum": models(shared), "description": "One of the models; may be left out if there is one."})),
        ("wait".to_owned(), json!({"type": "boolean", "default": true, "description": "Whether the answer has the samples, or the place where they will be."})),
        ("previews".to_owned(), json!({"type": "integer", "default": 10, "description": "Of how many steps events are sent."})),
        ("seed".to_owned(), json!({"anyOf": [{"$ref": "#/components/schemas/Seed"}, {"type": "null"}], "description": "Seed of the noise; without one the server draws one."})),
    ]);
    for name in ["init", "from", "inpaint", "mask"] {
        properties.insert(
            name.to_owned(),
            json!({"anyOf": [{"$ref": "#/components/schemas/Array"}, {"type": "null"}]}),
        );
    }
    properties.insert(
        "given".to_owned(),
        json!({"anyOf": [{"$ref": "#/components/schemas/Cells"}, {"$ref": "#/components/schemas/Array"}, {"type": "null"}], "description": "Cells of a table that are given; the others are drawn from their distribution given those."}),
    );
    properties.retain(|name, _| field_names().contains(&name.as_str()));
    for (name, least, most) in [
        ("count", 1, limits.count),
        ("batch", 1, limits.count),
        ("interpolate", 1, limits.count.saturating_sub(2)),
        ("steps", 1, limits.steps),
        ("calls", 1, limits.steps),
        ("snapshots", 0, limits.previews),
        ("previews", 0, limits.previews),
    ] {
        properties[name]["minimum"] = json!(least);
        properties[name]["maximum"] = json!(most);
    }
    let text = Value::Object(properties).to_string().replace("#/$defs/", "#/components/schemas/");
    let properties: Value = serde_json::from_str(&text).unwrap_or_default();
    let schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    (schema, definitions)
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

/// The choices of a model: null is the only one.
fn models(shared: &Shared) -> Vec<Option<&str>> {
    shared.offers.iter().map(|offer| Some(offer.id())).chain([None]).collect()
}

fn seed() -> Value {
    json!({"anyOf": [
        {"type": "integer", "minimum": 0, "maximum": u64::MAX},
        {"type": "string", "pattern": "^[0-9]{1,19}$", "description": "The same as text, for programs that round numbers beyond 2^53."},
    ]})
}

fn array() -> Value {
    let bytes = || json!({"type": "string", "contentEncoding": "base64"});
    let one = |name: &str, value: Value| json!({"type": "object", "properties": {name: value}, "required": [name], "additionalProperties": false});
    json!({"oneOf": [
        one("npy", bytes()),
        one("png", bytes()),
        one("values", json!({"type": "array", "description": "Nested lists of numbers; null is a value that is not given."})),
    ]})
}

fn cells() -> Value {
    let row = json!({"type": "object", "additionalProperties": {"type": ["number", "string", "boolean", "null"]}});
    json!({"type": "object", "properties": {"rows": {"type": "array", "items": row, "description": "One for all samples, or one for each: the cells that are given, by the names of their columns."}}, "required": ["rows"], "additionalProperties": false})
}

fn image_request(shared: &Shared) -> Value {
    let only = |value: &str| json!({"enum": [value, null]});
    let or_null = |kind: &str| json!({"type": [kind, "null"]});
    json!({
        "type": "object",
        "required": ["prompt"],
        "additionalProperties": false,
        "properties": {
            "prompt": {"type": "string", "description": "The class, by its name; empty for any."},
            "model": {"enum": models(shared)},
            "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 10},
            "size": {"type": ["string", "null"], "description": "auto, or the size of the model's pictures."},
            "response_format": only("b64_json"),
            "output_format": only("png"),
            "quality": only("auto"),
            "background": only("auto"),
            "moderation": only("auto"),
            "user": or_null("string"),
            "stream": or_null("boolean"),
            "partial_images": {"type": ["integer", "null"], "minimum": 0, "maximum": 3},
            "seed": {"anyOf": [{"$ref": "#/components/schemas/Seed"}, {"type": "null"}]},
            "steps": {"type": ["integer", "null"], "minimum": 1, "maximum": shared.limits.steps},
            "guidance": or_null("number"),
            "sampler": or_null("string"),
        },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "An error, as RFC 9457 has it.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "pointer": {"type": "string", "description": "The field, as a JSON pointer."},
            "limit": {"type": "integer", "description": "The limit that was passed."},
        },
    })
}

/// Responses with a problem, each with what it means.
fn problems(statuses: &[(u16, &str)]) -> Map<String, Value> {
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    let response =
        |text: &str| json!({"description": text, "content": {MEDIA_TYPE: {"schema": schema}}});
    statuses.iter().map(|(status, text)| (status.to_string(), response(text))).collect()
}

/// An operation with the response of success and those with problems.
fn operation(about: &str, success: (&str, Value), statuses: &[(u16, &str)]) -> Value {
    const ALWAYS: [(u16, &str); 2] =
        [(401, "Without the token"), (403, "For another host, or from another site's page")];
    let mut responses = problems(&[&ALWAYS[..], statuses].concat());
    responses.insert(success.0.to_owned(), success.1);
    json!({"summary": about, "responses": responses})
}

fn json_object(about: &str) -> Value {
    json!({"description": about, "content": {"application/json": {"schema": {"type": "object"}}}})
}

const REFUSED: [(u16, &str); 9] = [
    (400, "The body or a field is not valid; `pointer` names the field"),
    (406, "Not available in the form of Accept"),
    (408, "The body did not arrive in time"),
    (409, "It was cancelled"),
    (413, "The body is too large"),
    (415, "The body is not JSON"),
    (429, "The queue is full: see Retry-After"),
    (500, "The network failed"),
    (503, "The server is stopping"),
];

fn paths(secured: bool) -> Value {
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
    let body = |name: &str| {
        let schema = json!({"$ref": format!("#/components/schemas/{name}")});
        json!({"required": true, "content": {"application/json": {"schema": schema}}})
    };
    let mut draw = operation("Draw samples", ("200", samples()), &REFUSED);
    draw["requestBody"] = body("SampleRequest");
    draw["responses"]["202"] = json_object("Taken on (`wait` false): where the samples will be");
    draw["responses"]["202"]["links"] = json!({
        "look": {"operationId": "look", "parameters": {"id": "$response.body#/id"}},
        "file": {"operationId": "file", "parameters": {"id": "$response.body#/id", "file": "samples.npy"}},
    });
    let images = image_operation(body("ImageRequest"));
    let unknown =
        [(404, "Nothing of that name"), (406, "Not in that form"), (409, "Not done, or over")];
    let mut look = operation("How far samples are, or their events", ("200", state()), &unknown);
    look["parameters"] = json!([{"name": "last-event-id", "in": "header", "schema": {"type": "integer", "minimum": 0}}]);
    look["responses"]["400"] = problems(&[(400, "Last-Event-ID is no number")])["400"].clone();
    look["operationId"] = json!("look");
    let cancel = operation("Cancel", ("200", json_object("Its state")), &unknown);
    let mut file = operation(
        "A file of samples",
        ("200", files()),
        &[&unknown[..], &[(500, "It failed"), (503, "The server stopped")]].concat(),
    );
    file["operationId"] = json!("file");
    let open = |mut operation: Value| {
        if secured {
            operation["security"] = json!([]);
        }
        operation
    };
    let get = |about: &str, success: Value| operation(about, ("200", success), &[]);
    let text = json!({"description": "Metrics", "content": {"application/openmetrics-text": {"schema": {"type": "string"}}}});
    let mut ready = get("Whether it takes requests", json_object("It does"));
    ready["responses"]["503"] = problems(&[(503, "It is stopping")])["503"].clone();
    json!({
        "/v1/models": {"get": get("The models, and what is to be known of them", json_object("A list"))},
        "/v1/models/{id}": {"parameters": [id], "get": operation("A model", ("200", json_object("A model")), &[(404, "No such model")])},
        "/v1/samples": {"post": draw},
        "/v1/samples/{id}": {"parameters": [id], "get": look, "delete": cancel},
        "/v1/samples/{id}/{file}": {
            "parameters": [id, {"name": "file", "in": "path", "required": true, "schema": {"type": "string"}}],
            "get": file,
        },
        "/v1/images/generations": {"post": images},
        "/healthz": {"get": open(get("Whether it lives", json_object("It does")))},
        "/readyz": {"get": open(ready)},
        "/metrics": {"get": get("Metrics for Prometheus", text)},
        "/openapi.json": {"get": open(get("This description", json_object("OpenAPI")))},
    })
}

/// Pictures in the shape of OpenAI's API, whose errors have a shape of their own.
fn image_operation(body: Value) -> Value {
    let mut images = operation("Draw pictures, as OpenAI's API does", ("200", images()), &[]);
    images["requestBody"] = body;
    for (status, about) in
        REFUSED.into_iter().chain([(401, "Without the token"), (403, "Another host or site")])
    {
        images["responses"][status.to_string()] = if status == 403 || status == 401 {
            // These are found before the route is.
            problems(&[(status, about)])[&status.to_string()].clone()
        } else {
            json_object(about)
        };
    }
    images
}

fn binary() -> Value {
    json!({"schema": {}})
}

/// What each event of a stream is: tools read the schema of a stream so, before OpenAPI 3.2.
fn events() -> Value {
    json!({"schema": {"type": "object", "required": ["event", "data"], "properties": {
        "event": {"type": "string", "description": "Its kind"},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "id": {"type": "string", "description": "For Last-Event-ID"},
    }}})
}

fn samples() -> Value {
    json!({"description": "The samples, in the form of Accept", "content": {
        "application/json": {"schema": {"type": "object", "required": ["seed", "seed_text", "count", "shape"]}},
        "text/event-stream": events(),
        "image/png": binary(), "image/gif": binary(), "application/x-npy": binary(), "text/csv": binary(),
    }})
}

fn state() -> Value {
    json!({"description": "Its state, or its events", "content": {
        "application/json": {"schema": {"type": "object", "required": ["id", "state", "done", "of"]}},
        "text/event-stream": events(),
    }})
}

fn images() -> Value {
    json!({"description": "The pictures", "content": {
        "application/json": {"schema": {"type": "object", "required": ["created", "data"]}},
        "text/event-stream": events(),
    }})
}

fn files() -> Value {
    json!({"description": "The file", "content": {
        "application/json": {"schema": {"type": "object"}},
        "image/png": binary(), "image/gif": binary(), "application/x-npy": binary(), "text/csv": binary(),
    }})
}
