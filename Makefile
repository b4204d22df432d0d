# dev.py does the work; `make lock` needs uv, `make messages` what dev.py has set up.
LOCK = uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11

demo test bench walk faults load reset setup:
	python3 dev.py $@

lock:
	$(LOCK) pyproject.toml -o requirements/base.txt
	$(LOCK) --group dev pyproject.toml -o requirements/dev.txt
	$(LOCK) --group uv -o requirements/uv.txt
	$(LOCK) --group node -o requirements/node.txt
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund

# Every text that can be translated, into each language; lists what is missing.
messages:
	.venv/bin/python -m tools.messages

.PHONY: demo test bench walk faults load reset setup lock messages
