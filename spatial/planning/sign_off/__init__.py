"""Can I sign this? Our totals against official ones, what was imputed, and gates that hang on one record."""

from spatial.planning.sign_off.records import gates_on_one_record
from spatial.planning.sign_off.table import sign_off_table
from spatial.planning.sign_off.words import SignOffWords, sign_off_words

__all__ = ["SignOffWords", "gates_on_one_record", "sign_off_table", "sign_off_words"]
