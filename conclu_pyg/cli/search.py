"""Find the clouds of an index that are most similar to a file or to one of them: conclu search INDEX query.stl."""

from __future__ import annotations

import argparse
from pathlib import Path

from conclu_pyg.cli.encoder_options import add_encoder_options, load_chosen_encoder
from conclu_pyg.cli.json_output import add_json, print_json, silence
from conclu_pyg.cli.outputs import add_output
from conclu_pyg.cli.terminal import console
from conclu_pyg.cli.unused_options import refuse_unused
from conclu_pyg.cli.values import positive_int
from conclu_pyg.errors import DataError

EXAMPLES = """examples:
  conclu search parts.index query.stl
  conclu search parts.index a.ply b.ply -k 5 --html hits.html
  conclu search parts.index old/valve.step          a cloud of the index, by its name
  conclu search tiles.index tile.laz:block_2_5
  conclu search parts.index query.stl --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("index", help="folder of an index of conclu index")
    parser.add_argument(
        "queries", nargs="+", metavar="file", help="clouds or meshes to search for, or names of clouds in the index"
    )
    parser.add_argument("-k", type=positive_int, default=10, metavar="K", help="number of hits (default: 10)")
    add_output(parser, "--html", help="page with pictures of queries and hits")
    add_encoder_options(parser, "that of the index")
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    from conclu_pyg.inference.inputs import find_inputs

    silence(options)
    files = [query for query in options.queries if Path(query).exists()]
    names = [query for query in options.queries if not Path(query).exists()]
    inputs = find_inputs(files) if files else None

    from conclu_pyg.inference.index_storage import open_index

    index = open_index(options.index)

    from conclu_pyg.inference.search import SearchResult, search_files, search_indexed

    up_axis = options.up or index.about["up_axis"]
    results, errors = search_indexed(index, names, k=options.k), list[str]()
    if not files:  # after names that are neither files nor in the index were rejected
        unused = ("encoder", "workers", "device", "allow_imports")
        refuse_unused(options, unused, "every query is a cloud of the index, and no file is embedded")
    if inputs is not None:
        for sentence in inputs.skipped:
            console.print(sentence)
        encoder = load_chosen_encoder(options, str(index.about["encoder"]))
        found, errors = search_files(index, encoder, inputs, k=options.k, up_axis=up_axis, workers=options.workers)
        results += found
        places = {Path(query): place for place, query in reversed(list(enumerate(options.queries)))}

        def place_of(result: SearchResult) -> int:
            query = Path(result.name) if result.is_indexed else result.path
            return places[query if query in places else inputs.input_roots[query]]

        results.sort(key=place_of)  # as the queries were given
    for result in results:
        console.print(result.name)
        for place, hit in enumerate(result.hits, 1):
            console.print(f"  {place:>3}  {hit.similarity:6.3f}  {hit.name}")
    if options.html:
        from conclu_pyg.inference.pages import write_search_page

        title = f"Search in {options.index}"
        write_search_page(options.html, index, results, up_axis="xyz".index(up_axis), title=title)
        console.print(f"page: {options.html}")
    if options.json:
        print_json([{"query": result.name, "hits": [hit.as_dict() for hit in result.hits]} for result in results])
    if errors:
        raise DataError(" ".join(errors))
