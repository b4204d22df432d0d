"""Names are found and compared with their letters written one way; what can be found is made anew.

`salesprocess.lib.folding` says the same in Python; a test goes through all letters and proves that both
agree. The functions name no other table or setting, so that they may stand in an index: the first
one uses nothing but PostgreSQL's own, so that a restored dump can build its indexes, too.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations, models
from django.db.models import F, Func, Q

from crm.models.letters import Fold

MARKS = (
    r"[\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff"
    r"\ufe00-\ufe0f\ufe20-\ufe2f\ufeff]"
)
BETWEEN = (
    r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u060c\u061b\u061f"
    r"\u066a-\u066d\u06d4\u0964\u0965\u2000-\u2069\u20a0-\u20cf\u2100-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u30fb\ue000-\uf8ff\ufe10-\ufe1f\ufe30-\ufe6f\ufffd]"
)

FOLD = rf"""
CREATE FUNCTION seven_fold(typed text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN octet_length(typed) = char_length(typed)
    THEN replace(lower(typed COLLATE pg_unicode_fast), '`', '''')
    ELSE normalize(replace(replace(replace(translate(
        regexp_replace(regexp_replace(regexp_replace(
            casefold(
                regexp_replace(normalize(replace(typed, '´', ''''), NFKD), '{MARKS}', '', 'g')
                COLLATE pg_unicode_fast
            ),
            '[\u0060\u2018-\u201b\u2032\u2035\u02b9\u02bb-\u02bd\u02c8\u02ca\u02cb\u05f3]', '''', 'g'),
            '[\u201c-\u201f\u00ab\u00bb\u2039\u203a\u301d\u301e\u05f4]', '"', 'g'),
            '[\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\u05be]', '-', 'g'),
        'øłđðħıŧŋ', 'olddhitn'
    ), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), NFC)
END
"""
WORDS = rf"""
CREATE FUNCTION seven_words(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    bare text := btrim(
        regexp_replace(translate(seven_fold(typed), '''"', ''), '{BETWEEN}+', ' ', 'g'), ' '
    );
BEGIN
    IF octet_length(bare) = char_length(bare) THEN
        RETURN bare;
    END IF;
    RETURN (
        SELECT string_agg(
            CASE WHEN ascii(sign) < 128 THEN sign
                 WHEN ascii(sign) < 65536 THEN 'Z' || lpad(to_hex(ascii(sign)), 4, '0')
                 ELSE 'Y' || lpad(to_hex(ascii(sign)), 6, '0')
            END, '' ORDER BY place
        )
        FROM string_to_table(bare, NULL) WITH ORDINALITY AS signs (sign, place)
    );
END
$$
"""
SPELLED_OUT = """
CREATE FUNCTION seven_spelled_out(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF octet_length(typed) = char_length(typed) THEN
        RETURN typed;
    END IF;
    RETURN replace(replace(replace(replace(replace(
        casefold(normalize(typed, NFC) COLLATE pg_unicode_fast),
        'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ø', 'oe'), 'å', 'aa');
END
$$
"""
# All ways in which the words of a text may be asked for, one after the other: each begins with
# `mark` and a space, and after its last word stands a space. "Rhein-Main" is also "rheinmain".
SPELLINGS = rf"""
CREATE FUNCTION seven_spellings(typed text, mark text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    usual text := coalesce(seven_words(typed), '');
    other text;
    found text := mark || ' ' || usual || ' ';
BEGIN
    IF usual = '' THEN
        RETURN '';
    END IF;
    IF typed ~ '\S(?!\s){BETWEEN}+\S' THEN
        other := seven_words(regexp_replace(typed, '(?!\s){BETWEEN}+', '', 'g'));
        IF other <> usual THEN
            found := found || mark || ' ' || other || ' ';
        END IF;
    END IF;
    IF octet_length(typed) > char_length(typed) THEN
        other := seven_words(seven_spelled_out(typed));
        IF other <> usual THEN
            found := found || mark || ' ' || other || ' ';
        END IF;
    END IF;
    RETURN found;
END
$$
"""
# Short forms are a part of a name unless they stand at its end, or at its beginning where that is
# the custom.
FORMS = "|".join(
    [
        # German
        "g?gmbh|ges ?m ?b ?h|gesellschaft m ?b ?h|gesellschaft mit beschra?e?nkter haftung|mbh",
        "ag|aktiengesellschaft|kg|kgaa|kommanditgesellschaft|og|ohg|oeg|keg|eu|ek|ekfm|ekfr|ev|eg",
        "egen|gbr|gesbr|ug|ug haftungsbeschra?e?nkt|haftungsbeschra?e?nkt|partg|partgmbb|se|co|cie",
        # French, Italian, Spanish, Portuguese
        "sa|sas|sasu|sarl|sagl|eurl|snc|sca|scs|sci|scop|eirl|gie|asbl|sprl|scrl|spa|srl|srls|sapa",
        "scarl|sl|slu|sll|sau|slne|scoop|s coop|sociedad limitada|sociedad anonima|sa de cv",
        "sab de cv|s de rl de cv|s de rl|sac|saa|cia|lda|ltda|eireli|unipessoal",
        # Dutch, Nordic, Baltic
        "bv|nv|bvba|vof|cv|cvba|vzw|as|aps|ab|oy|oyj|asa|ivs|ks|hb|kb|ans|ky|ehf|hf|publ|uab|sia",
        "oue?|mtu",
        # English
        "ltd|limited|plc|llp|lp|llc|lllp|inc|incorporated|corp|corporation|company|pty|pte|pvt",
        "private|proprietary|bhd|sdn|ulc|dac|cic",
        # Central and Eastern Europe, Turkey
        "sro|s ro|spol|vos|zrt|nyrt|kft|bt|kkt|doo|dd|jdoo|dno|ad|ead|ood|eood|spz? ?z?oo|spz? ?z oo",
        "sp j|spj|sp k|spk|ska|psa|spolka z ograniczona odpowiedzialnoscia|spolka akcyjna|pfa",
        "ooo|ao|zao|oao|pao|tov|sti|sirketi|anonim|ооо|ао|зао|оао|пао|ип|тов|епе|επε|ικε|αε|οε",
        # elsewhere
        "kk|gk|pt|tbk|jsc|pjsc|ojsc|cjsc|fze|fzco|wll|saog",
    ]
)
FORMS_BEFORE = (
    "the|firma|fa|sarl|sas|sasu|eurl|sa|snc|sci|ooo|oao|zao|ao|pao|tov|pt|nv|bv|uab|sia|gie"
    "|ооо|ао|зао|оао|пао|ип|тов"
)
# Where words are not parted by spaces.
FORMS_WITHIN = "株式会社|有限会社|合同会社|股份有限公司|有限责任公司|有限責任公司|有限公司|주식회사|유한회사"
COMPANY_KEY = rf"""
CREATE FUNCTION seven_company_key(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    -- "G. m. b. H." is "gmbh", "A/S" is "as".
    whole text := regexp_replace(
        ' ' || btrim(regexp_replace(
            translate(seven_fold(typed), './''"', ''), '{BETWEEN}+', ' ', 'g'
        ), ' ') || ' ',
        '(?<= )(\S) (?=\S )', '\1', 'g'
    );
    bare text := regexp_replace(whole, ' (and|und|et|y)(?= )', '', 'g');
BEGIN
    bare := regexp_replace(bare, '{FORMS_WITHIN}', ' ', 'g');
    bare := regexp_replace(bare, '( +({FORMS}))+ +$', ' ');
    bare := regexp_replace(bare, '^ +(({FORMS_BEFORE}) )+', ' ');
    RETURN coalesce(
        nullif(replace(bare, ' ', ''), ''), nullif(replace(whole, ' ', ''), '')
    );
END
$$
"""
# What two names have in common that are the same but for form, punctuation and spelling.
COMPANY_KEYS = """
CREATE FUNCTION seven_company_keys(typed text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    usual text := seven_company_key(typed);
    spelled_out text;
BEGIN
    IF usual IS NULL THEN
        RETURN '{}';
    END IF;
    IF octet_length(typed) > char_length(typed) THEN
        spelled_out := seven_company_key(seven_spelled_out(typed));
        IF spelled_out <> usual THEN
            RETURN ARRAY[usual, spelled_out];
        END IF;
    END IF;
    RETURN ARRAY[usual];
END
$$
"""
PERSON_KEY = """
CREATE FUNCTION seven_person_key(typed text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT string_agg(word, ' ' ORDER BY word)
    FROM string_to_table(seven_words(typed), ' ') AS word WHERE word <> ''
)
"""
# The same for people, whose names stand in either order.
PERSON_KEYS = """
CREATE FUNCTION seven_person_keys(typed text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    usual text := seven_person_key(typed);
    spelled_out text;
BEGIN
    IF usual IS NULL THEN
        RETURN '{}';
    END IF;
    IF octet_length(typed) > char_length(typed) THEN
        spelled_out := seven_person_key(seven_spelled_out(typed));
        IF spelled_out <> usual THEN
            RETURN ARRAY[usual, spelled_out];
        END IF;
    END IF;
    RETURN ARRAY[usual];
END
$$
"""
ANEW = r"""
    TRUNCATE crm_searchentry;
    INSERT INTO crm_searchentry (kind, record_id, title, hint, plain, keys, owner_id, team_id, current)
    SELECT 'company', c.id, c.name, c.industry,
           seven_spellings(c.name, E'\n')
               || seven_spellings(concat_ws(' ', c.industry, c.website), E'\t'),
           seven_company_keys(c.name), c.owner_id, NULL, c.relationship <> 'inactive'
    FROM crm_company c;
    INSERT INTO crm_searchentry (kind, record_id, title, hint, plain, keys, owner_id, team_id, current)
    SELECT 'contact', c.id, c.name,
           left(concat_ws(' · ', nullif(c.job_title, ''), f.name), 400),
           concat(
               seven_spellings(c.name, E'\n'),
               seven_spellings(f.name, E'\t'),
               (SELECT string_agg(CASE p.kind
                    WHEN 'phone' THEN concat(
                        E'\t ', regexp_replace(p.value, '[^0-9]', '', 'g'),
                        ' ', regexp_replace(p.typed, '[^0-9]', '', 'g'), ' '
                    ) ELSE seven_spellings(p.value, E'\t') END, '' ORDER BY p.id)
                FROM crm_contactpoint p WHERE p.contact_id = c.id)
           ),
           seven_person_keys(c.name), c.owner_id, NULL, true
    FROM crm_contact c LEFT JOIN crm_company f ON f.id = c.company_id;
    INSERT INTO crm_searchentry (kind, record_id, title, hint, plain, keys, owner_id, team_id, current)
    SELECT 'deal', c.id, c.name, coalesce(f.name, ''),
           concat(seven_spellings(c.name, E'\n'), seven_spellings(f.name, E'\n')),
           '{}', c.owner_id, c.team_id, c.outcome = 'open'
    FROM crm_deal c LEFT JOIN crm_company f ON f.id = c.company_id;
    -- An index is built only when nothing waits for the end of the transaction.
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;
"""
BEFORE = """
CREATE FUNCTION seven_plain(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$ SELECT lower(unaccent('unaccent'::regdictionary, $1)) $$
"""


def function(statement: str, name: str) -> migrations.RunSQL:
    return migrations.RunSQL(statement, f"DROP FUNCTION {name}")


def trigrams(name: str, by: str | Func) -> GinIndex:
    return GinIndex(OpClass(by, name="gin_trgm_ops"), name=name)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0019_stages_of_work"),
    ]

    operations = [
        function(FOLD, "seven_fold(text)"),
        function(WORDS, "seven_words(text)"),
        function(SPELLED_OUT, "seven_spelled_out(text)"),
        function(SPELLINGS, "seven_spellings(text, text)"),
        function(COMPANY_KEY, "seven_company_key(text)"),
        function(COMPANY_KEYS, "seven_company_keys(text)"),
        function(PERSON_KEY, "seven_person_key(text)"),
        function(PERSON_KEYS, "seven_person_keys(text)"),
        migrations.RemoveIndex("searchentry", "search_entry_trigrams"),
        migrations.AddField(
            "searchentry",
            "keys",
            ArrayField(models.TextField(), default=list),
        ),
        migrations.RunSQL(ANEW, migrations.RunSQL.noop),
        migrations.AddIndex("searchentry", trigrams("search_entry_trigrams", "plain")),
        migrations.AddIndex(
            "searchentry",
            GinIndex(fields=["keys"], condition=~Q(kind="deal"), name="search_entry_keys"),
        ),
        migrations.RunSQL("DROP FUNCTION seven_plain(text)", BEFORE),
        migrations.RemoveIndex("company", "company_name_trigrams"),
        migrations.RemoveIndex("company", "company_name_lower"),
        migrations.RemoveIndex("contact", "contact_name_trigrams"),
        migrations.RemoveIndex("contact", "contact_name_lower"),
        # Deals are found by their search entries alone.
        migrations.RemoveIndex("deal", "deal_name_trigrams"),
        migrations.AddIndex("company", trigrams("company_name_trigrams", Fold("name"))),
        migrations.AddIndex("company", models.Index(Fold("name"), F("id"), name="company_name_fold")),
        migrations.AddIndex("contact", trigrams("contact_name_trigrams", Fold("name"))),
        migrations.AddIndex("contact", models.Index(Fold("name"), F("id"), name="contact_name_fold")),
    ]
