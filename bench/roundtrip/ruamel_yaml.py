"""ruamel.yaml: reads and writes every file of a directory with its round-trip loader, see run.mjs."""

import pathlib
import re
import sys

from ruamel.yaml import YAML


def habits(yaml, text):
    """The file's own indentation: what a careful program would tell the writer."""
    found = re.search(r"^( *)[^\s#][^\n]*:[^\S\n]*\n( *)- ", text, re.M)
    offset = max(len(found[2]) - len(found[1]), 0) if found else 0
    found = re.search(r"^( *)[^\s#-][^\n]*:[^\S\n]*\n( +)[^\s#-]", text, re.M)
    step = len(found[2]) - len(found[1]) if found else 2
    yaml.indent(mapping=step if step > 0 else 2, sequence=offset + 2, offset=offset)


source, to = map(pathlib.Path, sys.argv[1:3])
for file in sorted(source.iterdir()):
    if file.suffix == ".md":
        continue
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    habits(yaml, file.read_text())
    try:
        documents = list(yaml.load_all(file.read_bytes()))
        with (to / "written" / file.name).open("wb") as out:
            yaml.dump_all(documents, out)
        job = next((one for one in documents if isinstance(one, dict) and one.get("kind") == "Job"), None)
        if job is not None:
            job["spec"]["backoffLimit"] = 77
            with (to / "edited" / file.name).open("wb") as out:
                yaml.dump_all(documents, out)
    except Exception as error:  # A file that cannot be written counts as a failure.
        print(f"{file.name}: {error!r}".splitlines()[0], file=sys.stderr)
