"""OpenAI's Python client, unchanged, against a server of the digits.  python openai_client.py URL"""

import base64
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)
assert [model.id for model in client.models.list()] == ["digits"]
assert client.models.retrieve("digits").id == "digits"
seeded = {"seed": 18446744073709551615, "steps": 20}
images = client.images.generate(
    model="digits", prompt="7", n=2, size="8x8", response_format="b64_json", extra_body=seeded
)
pictures = [base64.b64decode(image.b64_json) for image in images.data]
assert len(pictures) == 2 and all(p.startswith(b"\x89PNG") for p in pictures)
again = client.images.generate(model="digits", prompt="7", n=2, extra_body=seeded)
assert [image.b64_json for image in again.data] == [image.b64_json for image in images.data]
other = client.images.generate(model="digits", prompt="7", n=2, extra_body=seeded | {"seed": 1})
assert other.data[0].b64_json != images.data[0].b64_json

stream = client.images.generate(
    model="digits", prompt="7", stream=True, partial_images=2, extra_body=seeded
)
events = list(stream)
types = [event.type for event in events]
assert types == ["image_generation.partial_image"] * 2 + ["image_generation.completed"], types
assert events[-1].b64_json == images.data[0].b64_json

for change, field in [({"prompt": "a cat"}, "class"), ({"size": "1024x1024"}, "size"), ({"n": 11}, "n")]:
    try:
        client.images.generate(**({"model": "digits", "prompt": "7"} | change))
    except openai.BadRequestError as error:
        assert error.param == field, error
    else:
        sys.exit(f"{change} is not refused")
print("ok")
