"""The command line: ``spatial init | inspect | check | run | status | explain | compare | fetch | warmup | demo``."""

from __future__ import annotations

import gc
import logging
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from spatial.errors import SpatialError

if TYPE_CHECKING:
    from collections.abc import Callable

    from spatial.results import Results
    from spatial.sources.sample.write import SampleForm
    from spatial.study import Study

__all__ = ["FewOfAKind", "cli", "main"]

INTERRUPTED = 130
MIN_RUNS = 2

raw_option = click.option(
    "--raw",
    type=click.Path(path_type=Path),
    default=Path("data/raw"),
    show_default=True,
    help="Folder of the raw data.",
)
processed_option = click.option(
    "--processed",
    type=click.Path(path_type=Path),
    default=Path("data/processed"),
    show_default=True,
    help="Folder of the processed data, one folder a study.",
)
maps_option = click.option(
    "--maps",
    type=click.Path(path_type=Path),
    default=Path("maps"),
    show_default=True,
    help="Folder of the pages, one folder a study.",
)
scenario_option = click.option(
    "--scenario", metavar="NAME", help="One of the study's [[scenarios]]: of it, not of the study as it is."
)
study_argument = click.argument("study_file", metavar="STUDY", type=click.Path(path_type=Path))


class FewOfAKind(logging.Filter):
    """
    Let each message through once, and few that differ in their numbers only: sixty services warn of the same.

    Parameters
    ----------
    most : int
        Messages of a kind; the last of them says that -v shows the others.
    """

    def __init__(self, most: int = 2) -> None:
        super().__init__()
        self.most = most
        self.said: dict[str, set[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """
        Tell whether a message is new, and of a kind of which few were said.

        Parameters
        ----------
        record : LogRecord
            The message; where more of its kind may follow unsaid, that is added to it.

        Returns
        -------
        bool
            False for all others, and never for an error.
        """
        if record.levelno >= logging.ERROR:
            return True
        text, said = record.getMessage(), self.said.setdefault(f"{record.name} {record.msg}", set())
        if text in said or len(said) >= self.most:
            return False
        said.add(text)
        if len(said) == self.most:
            record.msg, record.args = f"{text} (spatial -v shows all of this kind)", ()
        return True


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", is_flag=True, help="Log what is done.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="spatial-integration", prog_name="spatial")
@click.pass_context
def cli(context: click.Context, *, verbose: bool, debug: bool) -> None:
    """How far villages are from towns and services, which norms that breaks for whom, and what to do first."""
    handler = logging.StreamHandler()
    if not verbose:
        handler.addFilter(FewOfAKind())
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s",
        handlers=[handler],
    )
    context.obj = {"debug": debug}


@cli.command()
@click.argument("study_file", metavar="STUDY", type=click.Path(path_type=Path), default=Path("study.toml"))
@click.option("--name", help="Short name of the study; by default my-county, or the name of the folder.")
@click.option(
    "--from",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Look into the files of this folder and write the study that reads them.",
)
@raw_option
@click.option(
    "--as-of", metavar="DATE", help="With --from: the date on which norms are judged; today by default."
)
def init(study_file: Path, name: str | None, folder: Path | None, raw: Path, as_of: str | None) -> None:
    """Write a new study file: with every key explained, or from a folder of files."""
    from spatial.store import replace  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.study import Study  # noqa: PLC0415 - as above
    from spatial.template import study_template  # noqa: PLC0415 - as above

    if study_file.exists():
        raise click.UsageError(f"{study_file} is there already; name another file")
    if folder is not None:
        from spatial.drafting.writing import write_draft  # noqa: PLC0415 - as above

        for line in write_draft(folder, study_file, raw=raw, name=name, as_of=as_of):
            click.echo(line)
        return
    text = study_template("my-county" if name is None else name)
    Study.from_dict(tomllib.loads(text), where="--name")
    with replace(study_file) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"wrote {study_file}; fill in [sources], then: spatial check {study_file}")


@cli.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@raw_option
@click.option(
    "--against",
    metavar="ROADS",
    type=click.Path(path_type=Path),
    help="Roads that are right for certain: coordinates are held against them.",
)
def inspect(file: Path, raw: Path, against: Path | None) -> None:
    """Look into a file and propose the part of a study file that reads it."""
    from spatial.drafting import report_lines  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.sources.inspection import inspect_file  # noqa: PLC0415 - as above

    for line in report_lines(inspect_file(file, raw=raw, against=against)):
        click.echo(line)


@cli.command()
@study_argument
@raw_option
def check(study_file: Path, raw: Path) -> None:
    """Find every fault of the study file and its sources before any work."""
    from spatial.drafting.blocks import decision_lines  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.stages import check_study  # noqa: PLC0415 - as above

    for line in decision_lines(study_file):
        click.echo(line)
    for line in check_study(_study(study_file, raw)):
        click.echo(line)


@cli.command()
@study_argument
@raw_option
@processed_option
@maps_option
@scenario_option
@click.option("--stage", "until", metavar="STAGE", help="Stop after this stage.")
def run(
    study_file: Path, raw: Path, processed: Path, maps: Path, scenario: str | None, until: str | None
) -> None:
    """Run what changed, from raw files to pages and QGIS layers; with --scenario as a plan has it."""
    _run(_study(study_file, raw), processed, maps, scenario=scenario, until=until)


@cli.command()
@study_argument
@raw_option
@processed_option
@maps_option
@scenario_option
def status(study_file: Path, raw: Path, processed: Path, maps: Path, scenario: str | None) -> None:
    """Say which stages would run, and why."""
    from spatial.pipeline import decisions  # noqa: PLC0415 - keeps `spatial --help` fast

    study = _study(study_file, raw)
    for decision in decisions(study, scenario=scenario, processed=processed, maps=maps):
        click.echo(f"{'run ' if decision.runs else 'skip'}  {decision.stage:<11} {decision.reason}")


@cli.command()
@study_argument
@click.argument("settlement", metavar="SETTLEMENT")
@raw_option
@processed_option
@scenario_option
@click.option("--language", default="en", show_default=True, help="Language of the text.")
def explain(
    study_file: Path, settlement: str, raw: Path, processed: Path, scenario: str | None, language: str
) -> None:
    """Explain one settlement, by id or by name: the way, the snap, the norms and why they fail."""
    from spatial.pipeline import folders_of  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.results import read_results  # noqa: PLC0415 - as above
    from spatial.stages import explain_settlement  # noqa: PLC0415 - as above
    from spatial.study.planned import planned_study  # noqa: PLC0415 - as above

    study = _study(study_file, raw)
    study = study if scenario is None else planned_study(study, scenario)
    results = read_results(folders_of(study, processed)[0])
    click.echo(explain_settlement(study, results, settlement, language=language))


@cli.command()
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--to",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Write the tables, as Parquet and CSV, and a page into this folder.",
)
@click.option("--language", default="en", show_default=True, help="Language of the text.")
def compare(runs: tuple[Path, ...], folder: Path | None, language: str) -> None:
    """Compare two dates or scenarios, folders such as data/processed/sample: who gained, who lost, and why."""
    from spatial.stages.compare import compare_folders  # noqa: PLC0415 - keeps `spatial --help` fast

    if len(runs) < MIN_RUNS:
        raise click.UsageError("name two or more folders of runs, such as data/processed/sample")
    for line in compare_folders(runs, to=folder, language=language):
        click.echo(line)


@cli.command()
@study_argument
@raw_option
def fetch(study_file: Path, raw: Path) -> None:
    """Bring the raw files that a study lacks, from the addresses in their source.toml or from OpenStreetMap."""
    from spatial.sources.fetch import fetch as fetch_sources  # noqa: PLC0415 - keeps `spatial --help` fast

    with _progress_bar() as report:
        paths = fetch_sources(_study(study_file, raw), progress=report)
    click.echo("nothing was missing" if not paths else "\n".join(f"fetched {path}" for path in paths))


@cli.command()
def warmup() -> None:
    """Compile everything once, so that no later command waits for it."""
    from spatial.warmup import all_kept, warm_up  # noqa: PLC0415 - keeps `spatial --help` fast

    with _progress_bar() as report, all_kept():
        count = warm_up(report)
        gc.freeze()
    click.echo(f"{count} kernels are compiled")


@cli.command()
@raw_option
@processed_option
@maps_option
@click.option(
    "--as",
    "form",
    type=click.Choice(["open", "bureau"]),
    default="open",
    show_default=True,
    help="An OpenStreetMap extract and plain tables, or the files that a Chinese county's bureaus have.",
)
@click.option(
    "--villages", type=click.IntRange(40, 900), default=400, show_default=True, help="How many villages."
)
@click.option("--files-only", is_flag=True, help="Write the raw files and run nothing.")
def demo(
    *, raw: Path, processed: Path, maps: Path, form: SampleForm, villages: int, files_only: bool
) -> None:
    """Make the synthetic sample county and run the whole line on it."""
    from spatial.sources.sample import sample_study, write_sample_county  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.study import Study  # noqa: PLC0415 - as above

    click.echo("making the synthetic county", err=True)
    study = Study.from_dict(tomllib.loads(sample_study(form)), raw=raw, where="sample county")
    folder = raw / ("sample" if form == "open" else form)
    write_sample_county(folder, villages=villages, form=form)
    if files_only:
        click.echo(f"raw files: {folder}")
        return
    _run(study, processed, maps)


def main() -> None:
    """Run the command line and turn every error of this package into its message and exit code."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted; finished stages are kept, run again to go on", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SpatialError as error:
        if "--debug" in sys.argv:
            raise
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


def _study(path: Path, raw: Path) -> Study:
    from spatial.study import Study  # noqa: PLC0415 - keeps `spatial --help` fast

    return Study.from_toml(path, raw=raw)


def _run(
    study: Study, processed: Path, maps: Path, *, scenario: str | None = None, until: str | None = None
) -> None:
    from spatial.pipeline import folders_of  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.pipeline import run as run_line  # noqa: PLC0415 - as above

    with _progress_bar() as report:
        results = run_line(
            study, scenario=scenario, processed=processed, maps=maps, until=until, progress=report
        )
    if scenario is not None:
        click.echo(f"scenario {scenario} of the study {study.name}")
    _print_headlines(study, results)
    _print_where(results)
    today = folders_of(study, processed, maps)[0]
    if scenario is not None and (today / "summary.json").is_file():
        click.echo(f"to compare:   spatial compare {today} {results.folder}")


def _print_headlines(study: Study, results: Results) -> None:
    from spatial.errors import StoreError  # noqa: PLC0415 - keeps `spatial --help` fast
    from spatial.stages import headline_lines  # noqa: PLC0415 - as above

    try:
        summary = results.summary
    except StoreError:
        return
    for line in headline_lines(study, summary):
        click.echo(line)


def _print_where(results: Results) -> None:
    index = results.index_page
    if index is not None and index.is_file():
        click.echo(f"pages:        {index}")
    project = results.folder / f"{results.folder.name}.qgz"
    if project.is_file():
        click.echo(f"QGIS project: {project}")
    click.echo(f"tables:       {results.folder}")


class _progress_bar:  # noqa: N801 - used as a context manager, like a function
    """A tqdm bar that takes a fraction and a message; silent where nobody watches."""

    def __enter__(self) -> Callable[[float, str], None]:
        self._bar: Any = tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}", disable=None, leave=False)
        return self._report

    def _report(self, fraction: float, message: str) -> None:
        self._bar.set_description_str(f"{message:<44.44}", refresh=False)
        self._bar.update(max(0.0, round(100 * fraction) - self._bar.n))

    def __exit__(self, *_: object) -> None:
        self._bar.close()
