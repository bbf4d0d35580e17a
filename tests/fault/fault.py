"""Kills a campaign again and again and checks that nothing is lost, nothing is done twice, and the
results are those of a run that was left alone.

Each turn goes on with the campaign on 1, 2, 3 or 4 ranks, of which one, two or all share a journal as
those of a node do, and sends SIGKILL to one rank, to all ranks, or to mpirun; every other one while a record is half written (slow_write.c). Which restarts are
finished is taken from the stream of `qhn train --announce`, not from the journal. An announced
restart must be in the journal after every kill, and none may be announced twice.

In the second half the folder suffers between the kills what scratch file systems and people do to it:
journals are purged, so that campaign.h5 alone holds their restarts; files of killed merges and files that
only look like journals lie about; a campaign.h5 of another campaign is copied in, which must be refused;
journals of another campaign are copied in, which the command that the message names takes out again.
"""
import argparse
import collections
import os
import pathlib
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

EXPERIMENT = """
[problem]
kind = "gaussian"
train_samples = 100
test_samples = 10
[network]
hidden = 2
[circuit]
family = "linear"
sublayers = 6
[restarts]
seed = 7
keep_angles = true
keep_history = true
keep_scores = true
"""
RESULT_FIELDS = 11  # of the CSV, before the cost fields; what follows those counts too
COST_FIELDS = 4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--qhn", required=True)
    parser.add_argument("--mpirun", required=True, help="with its option for the number of ranks")
    parser.add_argument("--slow-write", required=True, help="the library of slow_write.c")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3600, help="stop killing after so long")
    parser.add_argument("--least", type=int, help="kills that must have happened (default: --kills)")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="qhn-fault-") as folder:
        Fault(options, pathlib.Path(folder)).run()


class Fault:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.random = random.Random(options.seed)
        self.restarts = 0
        self.arm = folder / "arm"
        self.mark = folder / "mark"
        self.environment = dict(os.environ, QHN_FAULT_ARM=str(self.arm), QHN_FAULT_MARK=str(self.mark))
        (folder / "e.toml").write_text(EXPERIMENT)
        self.purged = False  # journals are gone: campaign.h5 must stay
        self.disturbances = collections.Counter()

    def run(self):
        for second in (signal.SIGUSR1, signal.SIGTERM):
            self.abort(signal.SIGUSR1, second)
        began = time.monotonic()
        done, in_write, kinds = 0, 0, collections.Counter()
        while done < self.options.kills and time.monotonic() - began < self.options.seconds:
            want_write = done % 2 == 0
            who = ["rank", "all", "mpirun"][done // 2 % 3]
            ranks = 1 + done % 4
            hit = self.kill_once(ranks, who, want_write)
            if hit is None:
                continue
            done += 1
            in_write += hit
            kinds[who] += 1
            self.check(f"kill {done} ({who} of {ranks} ranks{', in a write' if hit else ''})")
            late = 2 * done > self.options.kills or 2 * (time.monotonic() - began) > self.options.seconds
            if late and done % 3 == 0:
                self.disturb(f"after kill {done}")
        print(f"{done} kills ({dict(kinds)}), {in_write} of them in a write, "
              f"{time.monotonic() - began:.0f} s; {dict(self.disturbances)}")
        least = self.options.kills if self.options.least is None else self.options.least
        assert done >= least, f"only {done} kills"
        assert 2 * in_write >= done - 1, "too few kills in a write"
        self.compare(self.finish())
        print("nothing lost, nothing twice, the results are those of an uninterrupted run")

    def command(self, ranks, slow):
        # A count that is never reached; it may be raised, so each turn asks for what it needs.
        train = [self.options.qhn, "train", "e.toml", "--out", "o", "--announce", "announced",
                 "--threads", "1", "--ranks-per-writer", str(self.random.choice([1, 2, 4])),
                 "--restarts", "1000000"]
        preload = ["env", f"LD_PRELOAD={self.options.slow_write}"] if slow else []
        return [*self.options.mpirun.split(), str(ranks), *preload, *train]

    def abort(self, first, second):
        """A run that cannot end cleanly, held up in a write, ends at once on a second signal."""
        self.mark.unlink(missing_ok=True)
        self.arm.touch()
        with open(self.folder / "log", "wb") as log:
            # Without mpirun, and not of the campaign that the kills are for.
            command = self.command(1, True)[len(self.options.mpirun.split()) + 1:]
            command[command.index("o")] = "aborted"
            command[command.index("announced")] = "announced-aborted"
            run = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=log, stderr=log)
            self.wait_for(self.mark.exists, run)
            run.send_signal(first)
            time.sleep(1.2)
            assert run.poll() is None, "the first signal aborted it, or the write was not held up"
            run.send_signal(second)
            began = time.monotonic()
            assert run.wait(timeout=60) == -second, f"it ended by itself: {run.returncode}"
            assert time.monotonic() - began < 1, "it took its time"
        self.arm.unlink()
        print(f"{first.name}, then {second.name}: aborted")

    def kill_once(self, ranks, who, want_write):
        """True or False: was the write in its middle; None: the run was over before."""
        for file in (self.arm, self.mark):
            file.unlink(missing_ok=True)
        before = self.announced_count()
        log = open(self.folder / "log", "wb")
        run = subprocess.Popen(self.command(ranks, want_write), cwd=self.folder, env=self.environment,
                               stdout=log, stderr=log, start_new_session=True)
        try:
            self.wait_for(lambda: self.announced_count() > before, run)  # it is at work
            time.sleep(self.random.uniform(0.0, 0.3))
            pids = self.ranks_of(run)
            if want_write:
                self.arm.touch()
                self.wait_for(self.mark.exists, run)
            if who == "mpirun":
                victims = [run.pid]
            else:
                victims = pids if who == "all" else [self.random.choice(pids)]
            hit = self.mark.exists()
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            if who == "mpirun":  # its ranks may live on as orphans: a job that is gone takes them too
                time.sleep(self.random.uniform(0.0, 0.2))
                for pid in pids:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            self.arm.unlink(missing_ok=True)
            run.wait(timeout=60)
            self.wait_for(lambda: not any(alive(pid) for pid in pids))
            return hit
        except RunEnded:
            sys.exit("the run ended by itself:\n" + (self.folder / "log").read_text())
        finally:
            log.close()

    def ranks_of(self, run):
        """The processes of qhn below mpirun (or mpirun's exec itself where it is one process)."""
        found = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                pid = int(stat.parent.name)
                if os.getsid(pid) != run.pid or pid == run.pid:
                    # Launchers give ranks a session of their own: follow the parents instead.
                    if not is_below(pid, run.pid):
                        continue
                command = (stat.parent / "cmdline").read_bytes().split(b"\0")
                if command[0] == self.options.qhn.encode():
                    found.append(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
        assert found, "no rank found"
        return found

    def wait_for(self, condition, run=None, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if run is not None and run.poll() is not None:
                raise RunEnded
            if time.monotonic() > end:
                sys.exit("waited for too long:\n" + (self.folder / "log").read_text())
            time.sleep(0.002)

    def announced(self):
        path = self.folder / "announced"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def announced_count(self):
        path = self.folder / "announced"
        return path.stat().st_size if path.exists() else 0

    def check(self, what):
        announced = self.announced()
        twice = [i for i, n in collections.Counter(announced).items() if n > 1]
        assert not twice, f"{what}: announced twice: {twice[:10]}"
        records = self.records()
        lost = set(announced) - set(records)
        assert not lost, f"{what}: lost {sorted(lost)[:10]}"
        print(f"{what}: {len(announced)} announced, {len(records)} in the journal")

    def disturb(self, when):
        """One of the things that happen to folders; what is there afterwards is what was there."""
        folder, result = self.folder / "o", self.folder / "o" / "campaign.h5"
        before = self.records()
        kinds = [self.purge, self.litter, self.foreign_result, self.mix]
        kind = kinds[sum(self.disturbances.values()) % len(kinds)]
        self.disturbances[kind.__name__] += 1
        kind(folder, result)
        after = self.records()
        assert after == before, f"{when}, {kind.__name__}: {len(before)} records became {len(after)}"
        assert self.qhn("status", "--quiet", "o").returncode == 75
        print(f"{when}, {kind.__name__}: {len(after)} records")

    def purge(self, folder, result):
        self.purged = True
        journals = sorted((folder / "journal").iterdir())
        for path in self.random.sample(journals, self.random.randint(1, len(journals))):
            if path.is_file():
                path.unlink()
        if self.random.random() < 0.3:
            shutil.rmtree(folder / "journal")

    def litter(self, folder, result):
        (folder / "journal").mkdir(exist_ok=True)
        (folder / "journal" / "notes.qhnj").write_text("no journal\n")
        (folder / "journal" / "empty.qhnj").write_text("")
        (folder / "journal" / "folder.qhnj").mkdir(exist_ok=True)
        for name in ("campaign.h5.tmp.host.1", "campaign.identity.tmp.host.1.2", "claims/x.claim.tmp.host.1",
                     "claims/x.claim"):
            (folder / name).write_text("half")

    def foreign(self):
        other = self.folder / "other"
        if not other.exists():
            self.qhn("train", "e.toml", "--seed", "8", "--restarts", "7", "--out", "other", check=True)
        return other

    def foreign_result(self, folder, result):
        kept = result.read_bytes()
        for bad in ((self.foreign() / "campaign.h5").read_bytes(), kept[:len(kept) // 2], b""):
            result.write_bytes(bad)
            for verb in ("merge o", "status o", "train e.toml --restarts 1000000 --out o"):
                run = self.qhn(*verb.split())
                assert run.returncode == 2 and "campaign.h5" in run.stderr, f"{verb}: {run}"
            assert result.read_bytes() == bad, "campaign.h5 was overwritten"
        result.write_bytes(kept)

    def mix(self, folder, result):
        (folder / "journal").mkdir(exist_ok=True)
        for path in (self.foreign() / "journal").iterdir():
            shutil.copy(path, folder / "journal" / ("0" + path.name))
        run = self.qhn("merge", "o")
        assert run.returncode == 2 and "restarts.seed" in run.stderr, run
        command = shlex.split(run.stderr.split("`")[1])
        assert command == ["qhn", "merge", "o", "--separate"], command
        run = self.qhn(*command[1:], check=True)
        assert "o-2: " in run.stdout, run
        assert len(self.csv("o-2")) == 7
        shutil.rmtree(self.folder / "o-2")

    def qhn(self, *words, check=False):
        return subprocess.run([self.options.qhn, *words], cwd=self.folder, check=check, capture_output=True,
                              text=True)

    def records(self):
        """Those of the journals, while they are all there: no older campaign.h5 may help out."""
        if not self.purged:
            (self.folder / "o" / "campaign.h5").unlink(missing_ok=True)
        subprocess.run([self.options.qhn, "merge", "o"], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.csv("o")

    def csv(self, folder):
        text = subprocess.run([self.options.qhn, "export", folder, "--csv"], cwd=self.folder, check=True,
                              capture_output=True, text=True).stdout
        records = {}
        for line in text.splitlines()[1:]:
            fields = line.split(",")
            assert int(fields[0]) not in records, f"restart {fields[0]} is there twice"
            del fields[RESULT_FIELDS:RESULT_FIELDS + COST_FIELDS]
            records[int(fields[0])] = fields
        return records

    def finish(self):
        """Lets the campaign end by itself, a little beyond where it is."""
        self.restarts = max(self.records()) + 20
        command = self.command(2, False)
        command[-1] = str(self.restarts)
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.check("the end")
        return self.records()

    def compare(self, records):
        subprocess.run([self.options.qhn, "train", "e.toml", "--out", "whole", "--restarts",
                        str(self.restarts)], cwd=self.folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        whole = self.csv("whole")
        assert len(whole) == self.restarts
        assert records.keys() == whole.keys(), "not the same restarts"
        for i, fields in whole.items():
            assert records[i] == fields, f"restart {i} differs:\n{records[i]}\n{fields}"


class RunEnded(Exception):
    pass


def is_below(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            return False
    return False


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


if __name__ == "__main__":
    main()
