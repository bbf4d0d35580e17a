#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "../perf/living_file.hpp"
#include "../record/temporary_folder.hpp"
#include "campaign/memory.hpp"
#include "campaign/progress.hpp"
#include "campaign_results.hpp"
#include "comm/processors.hpp"
#include "core/error.hpp"
#include "core/simd.hpp"
#include "engine/execution_plan.hpp"
#include "record/campaign_file.hpp"
#include "tiny_experiment.hpp"

namespace qhn {
namespace {

const std::string few = std::string(tiny) + "count = 24\n";
const std::string few_keeping = keeping + "count = 24\n";

int count_of(const std::string& text, const std::string& what) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size())
    ++count;
  return count;
}

TEST(Train, ResultFieldsAreTheSameOnAnyRanksAndThreads) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few_keeping);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --out alone --threads 1").exit_code, 0);
  const CampaignFile alone = read_campaign(folder / "alone");
  ASSERT_EQ(alone.records.size(), 24u);
  EXPECT_GT(alone.records[5].result.evaluations, 10);
  EXPECT_EQ(alone.records[5].result.id, 5u);
  EXPECT_EQ(alone.records[5].result.seed, 7u);
  EXPECT_EQ(alone.records[5].result.angles.size(), 80u);

  for (int ranks : {1, 2, 3, 4, 5, 8})
    for (int threads : {1, 2}) {
      const std::string out = fmt::format("r{}t{}", ranks, threads);
      const ProgramRun run =
          run_qhn(folder, fmt::format("train tiny.toml --out {} --threads {}", out, threads),
                  mpirun(ranks));
      ASSERT_EQ(run.exit_code, 0) << run.err;
      const CampaignFile campaign = read_campaign(folder / out);
      EXPECT_EQ(results_of(campaign), results_of(alone)) << ranks << " ranks, " << threads;
      EXPECT_EQ(campaign.table.reference.cost, alone.table.reference.cost);
      EXPECT_EQ(campaign.table.minimizers, alone.table.minimizers);
      EXPECT_EQ(campaign.table.best_index, alone.table.best_index);
      EXPECT_EQ(campaign.provenance.ranks, ranks);
      EXPECT_EQ(campaign.provenance.threads, threads);
      EXPECT_EQ(campaign.provenance.hosts.size(), 1u);
    }
}

// Parts of an array that differ in length: every restart is in exactly one of them, with the result
// that it has in a run of all, and together they are the campaign.
TEST(Train, UnevenTasksOfAnArrayMakeTheWholeCampaign) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", tiny);
  const std::string train = "train tiny.toml --threads 1 --restarts ";
  ASSERT_EQ(run_qhn(folder, train + "7 --out alone").exit_code, 0);
  const auto alone = results_of(read_campaign(folder / "alone"));
  for (const int tasks : {3, 4, 7}) {
    std::vector<int> times(7, 0);
    for (int task = 0; task < tasks; ++task) {
      const std::string slice = fmt::format("7 --array-task {}/{}", task, tasks);
      const std::string own = fmt::format("o{}of{}", task, tasks);
      ASSERT_EQ(run_qhn(folder, train + slice + " --out " + own).exit_code, 0);
      const auto part = results_of(read_campaign(folder / own));
      EXPECT_TRUE(part.size() == 7u / tasks || part.size() == 7u / tasks + 1) << slice;
      for (const RestartResult& result : part) {
        ASSERT_LT(result.id, 7u);
        EXPECT_EQ(result, alone[result.id]) << slice;
        ++times[result.id];
      }
      if (tasks == 3) {
        const std::string launcher = task == 1 ? mpirun(2) : "";
        ASSERT_EQ(run_qhn(folder, train + slice + " --out shared", launcher).exit_code, 0);
      }
    }
    EXPECT_EQ(times, std::vector<int>(7, 1)) << tasks << " tasks";
  }
  EXPECT_EQ(results_of(read_campaign(folder / "shared")), alone);
}

// Groups of ranks that hold a state together: the same records whatever their number, wherever they
// stop and go on; worlds that they do not fill say which ranks idle.
TEST(Train, ResultFieldsAreTheSameOnAnyNumberOfGroups) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few_keeping);
  const auto train = [&](int ranks, const std::string& arguments) {
    return run_qhn(folder, "train tiny.toml --ranks-per-state " + arguments, mpirun(ranks));
  };
  ASSERT_EQ(train(2, "2 --out two").exit_code, 0);
  const CampaignFile two = read_campaign(folder / "two");
  ASSERT_EQ(two.records.size(), 24u);
  EXPECT_EQ(two.provenance.engine, "cut on 2 ranks");
  EXPECT_EQ(two.provenance.ranks, 2);
  for (const auto& [ranks, idle] : {std::pair(3, "rank 2 has nothing to do"), {5, "rank 4 has"}}) {
    const ProgramRun run = train(ranks, fmt::format("2 --threads 2 --out o{}", ranks));
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_NE(run.err.find(idle), std::string::npos) << run.err;
    const CampaignFile campaign = read_campaign(folder / fmt::format("o{}", ranks));
    EXPECT_EQ(results_of(campaign), results_of(two)) << ranks;
    EXPECT_EQ(campaign.table.reference.cost, two.table.reference.cost);
    EXPECT_EQ(campaign.table.best_index, two.table.best_index);
    EXPECT_EQ(campaign.provenance.ranks, ranks - 1);
  }
  for (const auto& [ranks, restarts] : {std::pair(6, 7), {4, 24}})
    ASSERT_EQ(train(ranks, fmt::format("2 --restarts {} --out o --ranks-per-writer 4", restarts))
                  .exit_code,
              0);
  EXPECT_EQ(results_of(read_campaign(folder / "o")), results_of(two));

  // A signal ends all groups, and what is finished is as ever.
  folder.write(
      "script.sh",
      mpirun(5) +
          R"sh($1 train tiny.toml --ranks-per-state 2 --restarts 100000000 --out s --announce ids &
until [ -s ids ] || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
kill -USR1 $!
wait $!
)sh");
  const ProgramRun ended = run_qhn(folder, "", "sh ./script.sh");
  EXPECT_EQ(ended.exit_code, 75) << ended.err;
  const auto finished = results_of(read_campaign(folder / "s"));
  ASSERT_FALSE(finished.empty());
  for (const RestartResult& r : finished)
    if (r.id < two.records.size()) {
      EXPECT_EQ(r, two.records[r.id].result);
    }

  // The last bits depend on the size of a group, so it belongs to the campaign.
  const ProgramRun other = run_qhn(folder, "train tiny.toml --out two");
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_NE(other.err.find("engine (there cut on 2 ranks, here cut)"), std::string::npos)
      << other.err;
  const ProgramRun six = train(6, "4 --engine sweep --restarts 3 --out six");
  ASSERT_EQ(six.exit_code, 0) << six.err;
  EXPECT_NE(six.err.find("ranks 4 to 5 have nothing to do"), std::string::npos) << six.err;
  const CampaignFile distributed = read_campaign(folder / "six");
  EXPECT_EQ(distributed.provenance.engine, "sweep on 4 ranks");
  // One exchange brings a circuit of four sublayers through: three quarters of 2^10 amplitudes of
  // 16 bytes; a gradient takes phi and lambda back as well.
  double sent = 0.0;
  for (const RestartResult& r : results_of(distributed)) {
    const int found = r.string_crossings.back().iteration;
    sent += 3 * r.evaluations + (found < 0 ? r.iterations : found) + 2 + 1;  // 1: its scores
  }
  EXPECT_EQ(distributed.energy.at(0).phases.back().exchanged, sent * 0.75 * 1024 * 16);
  EXPECT_EQ(distributed.energy[0].phases[0].exchanged, 0.0);  // the table
}

// One restart that would never end: of five ranks two hold its state; rank 3 follows a leader that
// has nothing to do, rank 4 is in no group. A signal to either ends the run.
TEST(Train, ASignalToAnIdleRankEndsTheRun) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", std::string(tiny) +
                                "count = 1\n[optimizer]\nname = \"spsa\"\n"
                                "max_iterations = 100000000\n");
  folder.write("rank.sh",
               R"sh(echo $$ > "$1.${OMPI_COMM_WORLD_RANK:-$PMI_RANK}"; shift; exec "$@")sh");
  folder.write("script.sh",
               "for rank in 3 4; do\ntimeout 60 " + mpirun(5) +
                   R"sh(sh ./rank.sh pid$rank "$1" train tiny.toml --ranks-per-state 2 --out o &
until [ -n "$(ls o/claims 2>/dev/null)" ] || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
sleep 0.2
kill -USR1 $(cat pid$rank.$rank)
wait $! || echo rank $rank: $?
done
)sh");
  const ProgramRun run = run_qhn(folder, "", "sh ./script.sh");
  EXPECT_EQ(run.out, "rank 3: 75\nrank 4: 75\n") << run.err;
}

TEST(Train, RefusesImpossibleGroups) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  // Table and states of both ranks together need two to four times the memory there is.
  const int large = static_cast<int>(std::ceil(std::log2(available_memory() / 40.0))) + 1;
  folder.write("large.toml", fmt::format("[problem]\nkind = \"synthetic\"\nqubits = {}\n", large));
  for (const auto& [arguments, said] :
       {std::pair("tiny.toml --ranks-per-state 3", std::string("3 ranks; allowed: 1, 2; 4 when")),
        {"tiny.toml --ranks-per-state 2 --engine reference", "on one rank"},
        {"tiny.toml --ranks-per-state 2 --engine cut --set optimizer.name=adam",
         "cannot measure shots"},
        {"large.toml --ranks-per-state 2 --engine sweep", fmt::format("{} qubits need ", large)}}) {
    const ProgramRun run = run_qhn(folder, fmt::format("train {} --out o", arguments), mpirun(3));
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_NE(run.err.find(said), std::string::npos) << run.err;
  }
}

// Fewer restarts than half the threads: all threads work on one state.
TEST(Train, OneStateOnManyThreadsGivesTheSameResult) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few_keeping);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --out few --restarts 1 --threads 1").exit_code, 0);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --out wide --restarts 1 --threads 4").exit_code, 0);
  EXPECT_EQ(results_of(read_campaign(folder / "wide")), results_of(read_campaign(folder / "few")));
}

TEST(Train, WritesToTheNamedFolderAndPrintsWhatStatsPrints) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  const ProgramRun run = run_qhn(folder, "train tiny.toml");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(folder.count(), 3);  // experiment, results, stderr
  const ProgramRun stats = run_qhn(folder, "stats results/tiny");
  ASSERT_EQ(stats.exit_code, 0);
  ASSERT_FALSE(stats.out.empty());
  EXPECT_TRUE(run.out.starts_with(stats.out)) << run.out;
  EXPECT_NE(run.out.find("results/tiny/campaign.h5"), std::string::npos);
}

TEST(Train, OptionsStandInPlaceOfTheFilesValues) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  const ProgramRun run =
      run_qhn(folder,
              "train tiny.toml --out o --restarts 3 --seed 99 --engine reference "
              "--set circuit.sublayers=2 --set restarts.keep_angles=false");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const CampaignFile campaign = read_campaign(folder / "o");
  EXPECT_EQ(campaign.records.size(), 3u);
  EXPECT_EQ(campaign.records[2].result.seed, 99u);
  EXPECT_TRUE(campaign.records[2].result.angles.empty());
  EXPECT_EQ(campaign.provenance.engine, "reference");
  EXPECT_EQ(campaign.provenance.precision, "float64");
  EXPECT_EQ(campaign.provenance.seed, 99u);
  EXPECT_EQ(campaign.provenance.data_sha256.size(), 64u);
  // The resolved experiment is stored: it leads to the same campaign.
  folder.write("again.toml", campaign.experiment);
  ASSERT_EQ(run_qhn(folder, "train again.toml --out a").exit_code, 0);
  EXPECT_EQ(results_of(read_campaign(folder / "a")), results_of(campaign));
}

TEST(Train, KeepsToTheSimdLevelAskedFor) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  for (const SimdLevel level : available_simd_levels()) {
    const std::string name = to_string(level);
    const ProgramRun run =
        run_qhn(folder, "train tiny.toml --restarts 2 --out " + name + " --simd " + name);
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(read_campaign(folder / name).provenance.simd, name);
  }
}

void expect_refused(const ProgramRun& run, const std::vector<std::string>& words) {
  EXPECT_EQ(run.exit_code, 2) << run.err;
  EXPECT_TRUE(run.out.empty()) << run.out;
  EXPECT_EQ(count_of(run.err, "qhn: "), 1) << run.err;
  for (const std::string& word : words)
    EXPECT_NE(run.err.find(word), std::string::npos) << "'" << word << "' not in: " << run.err;
}

// A readout that sees zeros alone: every number is that of network 0.
TEST(Train, NoiseIsScoredComparedAndNotExported) {
  const TemporaryFolder folder;
  folder.write("small.toml",
               "[problem]\nkind = \"gaussian\"\n[network]\nhidden = 1\n[circuit]\nsublayers = 2\n"
               "[restarts]\ncount = 3\nkeep_scores = true\nkeep_angles = true\n");
  const std::string train = "train small.toml --out ", readout = " --set 'noise.readout=[0, 1]'";
  ASSERT_EQ(run_qhn(folder, train + "clean").exit_code, 0);
  ASSERT_EQ(run_qhn(folder, train + "zeros" + readout, mpirun(2)).exit_code, 0);
  for (const RestartRecord& r : read_campaign(folder / "zeros").records) {
    EXPECT_EQ(r.result.best_string.index(), 0u);
    EXPECT_NEAR(r.result.expectation, r.result.best_cost, 1e-14);
    EXPECT_NEAR(r.result.scores.test_expectation, r.result.scores.best_test_cost, 1e-14);
    EXPECT_NE(r.result.scores.best_test_cost, r.result.best_cost);
  }
  const ProgramRun compared = run_qhn(folder, "compare clean zeros");
  EXPECT_EQ(compared.exit_code, 0) << compared.err;
  EXPECT_NE(compared.out.find("readout=[0, 1]"), std::string::npos) << compared.out;
  const ProgramRun exported = run_qhn(folder, "export --openqasm3 --from zeros --restart 0");
  EXPECT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_NE(exported.err.find("the noise of the experiment is not exported"), std::string::npos);
}

// Fidelities need pure states that are whole on one rank.
TEST(Train, NaturalGradientsAreTheSameOnAnyRanks) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few_keeping);
  const std::string natural =
      "train tiny.toml --set optimizer.name=qnspsa --set optimizer.max_iterations=9 --out ";
  ASSERT_EQ(run_qhn(folder, natural + "natural", mpirun(3)).exit_code, 0);
  ASSERT_EQ(run_qhn(folder, natural + "natural1 --threads 1").exit_code, 0);
  EXPECT_EQ(results_of(read_campaign(folder / "natural")),
            results_of(read_campaign(folder / "natural1")));
  expect_refused(run_qhn(folder, natural + "x --set noise.one_qubit=0.1"), {"qnspsa", "noise"});
  expect_refused(run_qhn(folder, natural + "x --set engine.kind=tensor"), {"qnspsa", "tensor"});
  expect_refused(run_qhn(folder, natural + "x --ranks-per-state 2", mpirun(2)),
                 {"qnspsa", "--ranks-per-state 1"});
}

// With noise, resumed by another number of ranks; every result is that of the angles it keeps.
TEST(Train, NoisyResultsAreTheSameOnAnyRanks) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few_keeping);
  const std::string noisy =
      "train tiny.toml --set noise.one_qubit=0.01 --set noise.two_qubit=0.03 --threads 1 --out ";
  ASSERT_EQ(run_qhn(folder, noisy + "alone").exit_code, 0);
  const auto alone = results_of(read_campaign(folder / "alone"));
  ASSERT_EQ(run_qhn(folder, noisy + "more --restarts 9", mpirun(2)).exit_code, 0);
  ASSERT_EQ(run_qhn(folder, noisy + "more", mpirun(3)).exit_code, 0);
  EXPECT_EQ(results_of(read_campaign(folder / "more")), alone);
  EXPECT_NE(read_campaign(folder / "alone").provenance.plan.find("engine = tensor"),
            std::string::npos);
  expect_refused(run_qhn(folder, "train tiny.toml --out alone"), {"noise.one_qubit"});
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --out clean --restarts 2").exit_code, 0);
  expect_refused(run_qhn(folder, "train tiny.toml --out clean --set noise.one_qubit=0.01"),
                 {"noise.one_qubit"});
  // In a sweep each point has its engine.
  ASSERT_EQ(run_qhn(folder, noisy + "swept --set 'sweep.noise.scale=[0, 1]'", mpirun(2)).exit_code,
            0);
  EXPECT_EQ(results_of(read_campaign(folder / "swept/scale=1")), alone);
  // From shots too.
  const std::string measured =
      " --restarts 6 --set optimizer.name=spsa --set optimizer.shots=50 "
      "--set optimizer.max_iterations=20";
  ASSERT_EQ(run_qhn(folder, noisy + "shots" + measured).exit_code, 0);
  ASSERT_EQ(run_qhn(folder, noisy + "shots3" + measured, mpirun(3)).exit_code, 0);
  EXPECT_EQ(results_of(read_campaign(folder / "shots")),
            results_of(read_campaign(folder / "shots3")));
  const CampaignFile campaign = read_campaign(folder / "alone");
  const ProgramRun again = run_qhn(folder, "evaluate --from alone --restart 3");
  EXPECT_NE(again.out.find(fmt::format("{:.17g}", campaign.records[3].result.expectation)),
            std::string::npos)
      << again.out;
}

TEST(Train, RefusesBadInputInOneLine) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"tiny.toml --restarts 0", {"--restarts", "found '0'", "from 1 to"}},
      {"tiny.toml --set restarts.count=0", {"restarts.count", "found 0", "at least 1"}},
      {"none.toml", {"none.toml"}},
      {"tiny.toml --out tiny.toml/x", {"tiny.toml/x", "cannot be written"}},
      {"tiny.toml --out /proc/x", {"/proc/x", "cannot be written"}},
      {"tiny.toml --simd mmx", {"mmx", "avx2"}},
      {"tiny.toml --engine steam", {"engine.kind", "steam", "sweep"}},
      // 2^38 costs of 8 bytes, and two states.
      {"tiny.toml --set network.hidden=9", {"38 qubits", "2199023255552 bytes", "available"}},
      // 2^62 of them, and more than an index can count.
      {"tiny.toml --set network.hidden=15", {"62 qubits", "bytes"}},
      {"tiny.toml --set network.hidden=40", {"162 bits", "at most 63"}}};
  for (const auto& [arguments, words] : cases)
    expect_refused(run_qhn(folder, "train " + arguments), words);
  EXPECT_EQ(folder.count(), 2);  // nothing was left behind: experiment, stderr

  // On three ranks, all at once: a launcher takes a second to end, mostly asleep.
  std::string script;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const bool has_out = cases[i].first.find("--out") != std::string::npos;
    script +=
        fmt::format("({}\"$1\" train {} {} >out.{} 2>err.{}; echo $? >code.{}) &\n", mpirun(3),
                    cases[i].first, has_out ? "" : fmt::format("--out o{}", i), i, i, i);
  }
  folder.write("script.sh", script + "wait\n");
  run_qhn(folder, "", "sh ./script.sh");
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ProgramRun run;
    std::ifstream(folder / fmt::format("code.{}", i)) >> run.exit_code;
    for (auto [name, text] : {std::pair("err", &run.err), {"out", &run.out}}) {
      std::ifstream said(folder / fmt::format("{}.{}", name, i));
      text->assign(std::istreambuf_iterator<char>(said), {});
    }
    expect_refused(run, cases[i].second);
  }
  EXPECT_EQ(folder.count(), 3 + 3 * static_cast<std::ptrdiff_t>(cases.size()));
}

TEST(Train, AnnouncesNothingToAFifoThatNobodyReads) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  expect_refused(run_qhn(folder, "train tiny.toml --out o --announce fifo", "timeout -k 1 60"),
                 {"--announce fifo", "without a reader"});
}

TEST(Train, RefusesAFolderThatHoldsSomethingElse) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  std::filesystem::create_directory(folder / "o");
  folder.write("o/letter.txt", "Dear Sir");
  expect_refused(run_qhn(folder, "train tiny.toml --out o"), {"o: is not empty", "--out"});
  expect_refused(run_qhn(folder, "train tiny.toml --out o", mpirun(2)), {"o: is not empty"});
  std::filesystem::create_directory(folder / "empty");
  EXPECT_EQ(run_qhn(folder, "train tiny.toml --out empty --restarts 2").exit_code, 0);
}

TEST(Train, ALonelyRankRefuses) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  expect_refused(run_qhn(folder, "train tiny.toml", "PMI_SIZE=4"), {"4 ranks", "mpirun -n 4"});
  expect_refused(run_qhn(folder, "train tiny.toml", "SLURM_STEP_NUM_TASKS=6"),
                 {"6 ranks", "srun --mpi=pmix -n 6"});
  // A batch script's variables mean nothing.
  EXPECT_EQ(run_qhn(folder, "train tiny.toml", "SLURM_NTASKS=4 SLURM_PROCID=0").exit_code, 0);
}

TEST(Train, FewerThreadsThanAskedForAreAnError) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  expect_refused(run_qhn(folder, "train tiny.toml --threads 2", "OMP_THREAD_LIMIT=1"),
                 {"--threads 2", "OMP_THREAD_LIMIT"});
}

TEST(Train, ThreadsDefaultToWhatTheEnvironmentSays) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --out o", "OMP_NUM_THREADS=3").exit_code, 0);
  EXPECT_EQ(read_campaign(folder / "o").provenance.threads, 3);
  const cpu_set_t processors = allowed_processors();
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --out c", "env -u OMP_NUM_THREADS").exit_code, 0);
  EXPECT_EQ(read_campaign(folder / "c").provenance.threads, count_cores(processors));
}

// A campaign that would take for ever, ended after a while.
TEST(Train, AnInterruptKeepsWhatIsFinished) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few_keeping);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --out whole").exit_code, 0);
  const auto whole = results_of(read_campaign(folder / "whole"));
  folder.write("script.sh", R"sh(
$1 train tiny.toml --restarts 100000000 --out $SIGNAL --announce ids.$SIGNAL & pid=$!
until [ "$(cat ids.$SIGNAL 2>/dev/null | wc -l)" -ge 100 ] || ! kill -0 $pid; do sleep 0.05; done
kill -$SIGNAL $pid
wait $pid
)sh");
  for (const std::string signal : {"INT", "TERM", "USR1", "HUP"}) {
    const ProgramRun run = run_qhn(folder, "", "SIGNAL=" + signal + " sh ./script.sh");
    EXPECT_EQ(run.exit_code, 75) << run.err;
    const CampaignFile campaign = read_campaign(folder / signal);
    ASSERT_GT(campaign.records.size(), 24u);
    EXPECT_EQ(campaign.restarts_requested, 100000000u);
    EXPECT_NE(
        run.err.find(fmt::format("{} of 100000000 restarts are finished", campaign.records.size())),
        std::string::npos)
        << run.err;
    int compared = 0;
    for (const RestartResult& r : results_of(campaign))
      if (r.id < whole.size()) {
        EXPECT_EQ(r, whole[r.id]);
        ++compared;
      }
    EXPECT_GT(compared, 20);
  }
}

// A made-up counter that knows no phase of this run to 1 %, and a signal as soon as all restarts
// are there, while they are repeated for its sake.
TEST(Train, AnInterruptOfARepetitionLosesNothing) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few);
  ASSERT_EQ(run_qhn(folder, "train tiny.toml --out whole").exit_code, 0);
  std::filesystem::create_directories(folder / "rapl/intel-rapl:0");
  folder.write("rapl/intel-rapl:0/name", "package-0\n");
  folder.write("rapl/intel-rapl:0/max_energy_range_uj", "262143328850\n");
  std::atomic<int> signals = 0;
  ProgramRun run;
  {
    const LivingFile counter(folder, "rapl/intel-rapl:0/energy_uj", [&](int k) {
      std::ifstream ids(folder / "ids"), pid(folder / "pid");
      std::string line;
      int finished = 0, process = 0;
      while (std::getline(ids, line)) ++finished;
      if (finished == 24 && signals == 0 && pid >> process && ::kill(process, SIGTERM) == 0)
        ++signals;
      return std::to_string(5000 * k) + "\n";
    });
    while (!std::filesystem::exists(folder / "rapl/intel-rapl:0/energy_uj")) ::usleep(1000);
    run = run_qhn(folder,
                  "train tiny.toml --out o --announce ids --set meter.powercap=rapl --set "
                  "meter.owns_node=true",
                  R"(sh -c 'echo $$ >pid; exec "$0" "$@"')");
  }
  EXPECT_EQ(signals, 1);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const CampaignFile campaign = read_campaign(folder / "o");
  EXPECT_EQ(results_of(campaign), results_of(read_campaign(folder / "whole")));
  ASSERT_EQ(campaign.energy.size(), 1u);
  EXPECT_EQ(campaign.energy[0].restarts, 24u);
  const PhaseEnergy& restarts = campaign.energy[0].phases.at(1);
  EXPECT_EQ(restarts.phase, "restarts");
  EXPECT_EQ(restarts.method, "measured:rapl");
  EXPECT_LT(restarts.times, 11);  // it was broken off
}

// Counters that fail while they are read: one line at the end says where, which and why, and so
// does the result; joules are modelled then.
TEST(Train, NamesACounterThatFailed) {
  const std::uint64_t range = 262143328850;
  struct Failing {
    const char* what;
    const char* reason;
    std::function<std::string(int, int)> text;  // of millisecond k, from the first that fails
  };
  const auto climb = [](int k) { return std::uint64_t{1000000} + 5000ull * k; };
  for (const Failing& failing : {
           Failing{"backwards", "package-1 went backwards or jumped: from ",
                   [](int k, int) { return std::to_string(5 + k); }},
           Failing{"jump", "package-1 went backwards or jumped: from ",
                   [&](int k, int) { return std::to_string(climb(k) + range / 2); }},
           Failing{"still", "package-1 did not advance for ",
                   [&](int, int first) { return std::to_string(climb(first)); }},
           Failing{"text", "intel-rapl:1/energy_uj: expected an integer, found 'N/A'",
                   [](int, int) { return "N/A"; }},
       }) {
    SCOPED_TRACE(failing.what);
    const TemporaryFolder folder;
    folder.write("tiny.toml", few);
    for (const std::string zone : {"0", "1"}) {
      std::filesystem::create_directories(folder / ("rapl/intel-rapl:" + zone));
      folder.write("rapl/intel-rapl:" + zone + "/name", "package-" + zone + "\n");
      folder.write("rapl/intel-rapl:" + zone + "/max_energy_range_uj",
                   std::to_string(range) + "\n");
    }
    const LivingFile sound(folder, "rapl/intel-rapl:0/energy_uj",
                           [&](int k) { return std::to_string(climb(k)) + "\n"; });
    int first = -1;  // once the counters were found to be alive
    const LivingFile fails(folder, "rapl/intel-rapl:1/energy_uj", [&](int k) {
      if (first < 0 && std::filesystem::exists(folder / "ids")) first = k;
      return (first < 0 ? std::to_string(climb(k)) : failing.text(k, first)) + "\n";
    });
    for (const char* zone : {"0", "1"})
      while (!std::filesystem::exists(folder /
                                      ("rapl/intel-rapl:" + std::string(zone) + "/energy_uj")))
        ::usleep(1000);
    const ProgramRun run =
        run_qhn(folder,
                "train tiny.toml --out o --announce ids --set meter.powercap=rapl --set "
                "meter.source=powercap --set meter.owns_node=true --set meter.repeat=false");
    EXPECT_EQ(run.exit_code, 0);
    const std::size_t line = run.err.find("energy counters: ");
    ASSERT_NE(line, std::string::npos) << run.err;
    const std::string told = run.err.substr(line, run.err.find('\n', line) - line);
    EXPECT_NE(told.find(failing.reason), std::string::npos) << told;
    EXPECT_NE(told.find(host_name() + ": "), std::string::npos) << told;
    EXPECT_TRUE(told.ends_with(": these joules are not used")) << told;
    EXPECT_EQ(run.err.find("energy counters: ", line + 1), std::string::npos) << run.err;
    const std::string stats = run_qhn(folder, "stats o").out;
    EXPECT_NE(stats.find(failing.reason), std::string::npos) << stats;
    EXPECT_NE(stats.find(" restarts   modelled:cpu "), std::string::npos) << stats;
  }
}

// As a batch system or the user's shell does it: only one of the ranks gets the signal.
TEST(Train, AnInterruptOfOneRankEndsAll) {
  const TemporaryFolder folder;
  folder.write("tiny.toml", few_keeping);
  folder.write("rank.sh",
               R"sh([ "$OMPI_COMM_WORLD_RANK$PMI_RANK" = 2 ] || exec "$@"
"$@" & pid=$!
until [ -s ids ] || ! kill -0 $pid; do sleep 0.05; done
kill -INT $pid
wait $pid
)sh");
  const ProgramRun run =
      run_qhn(folder, "train tiny.toml --restarts 100000000 --out o --announce ids",
              mpirun(3) + "sh ./rank.sh");
  EXPECT_EQ(run.exit_code, 75);
  const CampaignFile campaign = read_campaign(folder / "o");
  EXPECT_GT(campaign.records.size(), 0u);
  EXPECT_NE(run.err.find("restarts are finished and kept"), std::string::npos) << run.err;
}

TEST(Progress, SaysRateSuccessAndTimeLeft) {
  EXPECT_EQ(Progress::describe({.done = 0, .restarts = 200, .seconds = 3.0}), "0 of 200 restarts");
  // Only what this run did counts for the rate, only the contiguous prefix for the probability.
  EXPECT_EQ(Progress::describe({.done = 70,
                                .before = 20,
                                .restarts = 200,
                                .prefix = 50,
                                .successes = 20,
                                .epsilon = 1e-5,
                                .seconds = 25.0}),
            "70 of 200 restarts, 2/s, P(gap < 1e-05) = 0.4 so far, 1:05 left");
  EXPECT_EQ(Progress::describe({.done = 1, .restarts = 3661, .epsilon = 0.1, .seconds = 1.0}),
            "1 of 3661 restarts, 1/s, 1:01:00 left");
}

TEST(Machine, KnowsItsCoresAndMemory) {
  const cpu_set_t processors = allowed_processors();
  EXPECT_GE(count_cores(processors), 1);
  EXPECT_LE(count_cores(processors), CPU_COUNT(&processors));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int p = 0; p < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++p)
    if (CPU_ISSET(p, &processors)) CPU_SET(p, &one);
  EXPECT_EQ(count_cores(one), 1);
  EXPECT_GT(available_memory(), 1e6);
  EXPECT_LT(available_memory(), 1e15);
}

TEST(Machine, MemoryIsCountedPerState) {
  const Circuit circuit = make_circuit(Family::linear, 12, 3);
  const ExecutionPlan whole = plan_execution(circuit, {}),
                      half = plan_execution(circuit, {.engine = {}, .ranks = 2});
  const MemoryNeed one = whole.memory(1), three = whole.memory(3);
  EXPECT_EQ(one.table, 8.0 * 4096);
  EXPECT_EQ(three.states, 3 * one.states);
  EXPECT_EQ(one.states, whole.engine_bytes);
  EXPECT_EQ(half.memory(1).table, 8.0 * 2048);  // a part of it on each rank
  EXPECT_EQ(half.memory(2).table, one.table);
  EXPECT_NO_THROW(require_memory("x.toml", one, one.total()));
  EXPECT_THROW(require_memory("x.toml", one, one.total() - 1), InputError);
}

}  // namespace
}  // namespace qhn
