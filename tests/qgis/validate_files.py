"""Run under a Python with GDAL's own validators: say what they, and the schema of ISO 19139, find wrong, as JSON.

Usage: validate_files.py SCHEMA.xsd FILE [FILE ...], of which FILE ends in .gpkg, .tif or .xml.
"""

from __future__ import annotations

import json
import os
import sys

from lxml import etree  # type: ignore[import-untyped]
from osgeo_utils.samples import validate_cloud_optimized_geotiff, validate_gpkg  # type: ignore[import-not-found]


def main(schema: str, *files: str) -> None:
    faults = {}
    for file in files:
        if file.endswith(".gpkg"):
            found = validate_gpkg.check(file, abort_at_first_error=False, extra_checks=True, warning_as_error=True)
            faults[file] = [str(fault) for fault in found]
        elif file.endswith(".tif"):
            warnings, errors, _ = validate_cloud_optimized_geotiff.validate(file, full_check=True)
            faults[file] = [*warnings, *errors]
        else:
            held = etree.XMLSchema(etree.parse(schema, etree.XMLParser(no_network=True)))
            held.validate(etree.parse(file))
            faults[file] = [str(error) for error in held.error_log]
    print("RESULT " + json.dumps(faults, ensure_ascii=False))  # noqa: T201 - the caller reads it
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
