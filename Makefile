# dev.py does the work; `make lock` is the one thing that needs uv by hand.
LOCK = uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11

demo test reset setup:
	python3 dev.py $@

lock:
	$(LOCK) pyproject.toml -o requirements/base.txt
	$(LOCK) --group dev pyproject.toml -o requirements/dev.txt
	$(LOCK) --group uv -o requirements/uv.txt
	$(LOCK) --group node -o requirements/node.txt
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund

.PHONY: demo test reset setup lock
