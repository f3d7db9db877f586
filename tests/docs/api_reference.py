#!/usr/bin/env python3
"""Makes the API reference with Doxygen; a warning is an error.

usage: api_reference.py OUTPUT_FOLDER      ends with 77 where doxygen is not installed
"""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Pages and what must stand on them: what comes out of tables is there, too.
EXPECTED = {
    "classklamm_1_1Producer.html": ["send", "flush"],
    "classklamm_1_1Consumer.html": ["commitSync", "wakeup"],
    "classklamm_1_1Admin.html": ["createTopics"],
    "classklamm_1_1broker_1_1Embedded.html": ["bootstrapServers"],
    "namespaceklamm.html": ["TopicAlreadyExists", "TopicExistsException", "the topic exists already"],
    "namespaceklamm_1_1config.html": ["lingerMs", "linger.ms"],
    "klamm_8h.html": ["klamm_producer_"],
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which("doxygen"):
        print("skipped: doxygen is not installed")
        sys.exit(77)
    output = pathlib.Path(sys.argv[1]).resolve()
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    settings = (ROOT / "docs" / "Doxyfile").read_text() + f'\nOUTPUT_DIRECTORY = "{output}"\n'
    done = subprocess.run(["doxygen", "-"], input=settings, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0 or done.stdout.strip():
        sys.exit(done.stdout)
    for page, words in EXPECTED.items():
        text = (output / "html" / page).read_text()
        for word in words:
            if word not in text:
                sys.exit(f"{page} does not tell of {word}")
    print(f"the API reference is {output / 'html' / 'index.html'}")


if __name__ == "__main__":
    main()
