"""The examples that end the `--help` of each command."""

EXAMPLES = {
    "embed": """
        weft embed photos/ -o embeddings.parquet
        weft embed photos.zip -o embeddings.parquet --model models/embedder
    """,
    "tag": """
        weft tag photo.jpg --top-k 5
        weft tag photos/ --labels labels.txt
        weft tag photos.zip --calibrated
    """,
    "search": """
        weft search red dress
        weft search photo.jpg --top-k 20 --html found.html
        weft search striped shirt --shop alder --category "women > tops" --max-price 50
        weft search red dress --format jsonl
    """,
    "index": """
        weft index build
        weft index update
        weft index info
    """,
    "serve": """
        weft serve
        weft serve --runtime onnx
        weft serve --port 8080 --model models:/weft-embedder@champion
        weft serve --host 0.0.0.0 --token-file token.txt
    """,
    "export": """
        weft export onnx
        weft export onnx --model models:/weft-embedder@champion -o var/onnx
        weft export card --license apache-2.0
        weft export embeddings --normalise -o embeddings.parquet
    """,
    "init": """
        weft init my-shop
    """,
    "calibrate": """
        weft calibrate --target-precision 0.9
        weft calibrate -o var/calibration
    """,
    "audit": """
        weft audit --num-examples 48 -o var/audit
        weft audit --verdicts verdicts.tsv -o var/audit
    """,
    "verdicts": """
        weft verdicts
        weft verdicts --verdict-store /srv/weft/var/verdicts.sqlite -o verdicts.tsv
    """,
    "compare": """
        weft compare reports/benchmarks/catalogue ../other/reports/benchmarks/catalogue
        weft compare RUN_A RUN_B --model-row finetuned
    """,
    "summary": """
        weft summary
        weft summary --reports ../other/reports
    """,
    "promote": """
        weft promote RUN
        weft promote --candidate
    """,
    "tokens": """
        weft tokens --language ko titles.txt
        weft tokens --explain titles.txt
    """,
    "extract": """
        weft extract page.html --url https://www.example.com/p/1
        weft extract --feed products.json --url https://www.example.com/
    """,
    "purge": """
        weft purge --shop alder --dry-run
        weft purge --product alder/1
        weft purge --url https://www.example.com/p/1
    """,
}
"""By command, one example in each line."""
