# dev.py does the work; `make lock` needs uv, `make messages` what dev.py has set up.
LOCK = uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11
BABEL = .venv/bin/python -m babel.messages.frontend
KEYWORDS = -k gettext_lazy -k ngettext_lazy:1,2 -k pgettext_lazy:1c,2

demo test bench reset setup:
	python3 dev.py $@

lock:
	$(LOCK) pyproject.toml -o requirements/base.txt
	$(LOCK) --group dev pyproject.toml -o requirements/dev.txt
	$(LOCK) --group uv -o requirements/uv.txt
	$(LOCK) --group node -o requirements/node.txt
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund

# Every text that can be translated; a language is added as CONTRIBUTING.md says.
messages:
	mkdir -p locale
	$(BABEL) -q extract -F babel.cfg $(KEYWORDS) --add-location=file --project=Seven \
		-o locale/django.pot crm pipeline reports salesprocess templates

.PHONY: demo test bench reset setup lock messages
