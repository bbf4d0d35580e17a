#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/error.hpp"
#include "io/campaign_folder.hpp"
#include "io/journal.hpp"
#include "temporary_folder.hpp"

namespace qhn {
namespace {

JournalHeader header() {
  JournalHeader h;
  h.identity = "circuit.sublayers = 4\nsimd = avx2\n";
  h.identity_hash = "1234";
  h.name = "tiny";
  h.experiment = "name = \"tiny\"\n";
  h.restarts_requested = 10;
  h.rule = {.epsilon = 1e-3, .halfwidth = 0.02};
  h.epsilons = {1e-2, 1e-4};
  h.table = {10, -0.5, 2, 77, 10000};
  h.method = {"annealing", "sweeps = 100", {7, 6, 70000}, 99};
  h.provenance.version = "0.1.0";
  h.provenance.hosts = {"n1", "n2"};
  h.provenance.slurm = {"SLURM_JOB_ID=17"};
  h.provenance.ranks = 4;
  h.started = 1700000000;
  return h;
}

RestartRecord record(std::uint64_t id) {
  RestartRecord r;
  r.result.id = id;
  r.result.seed = 3;
  r.result.status = Status::converged;
  r.result.expectation = 0.1 * static_cast<double>(id);
  r.result.gap = r.result.expectation + 0.5;
  r.result.gradient_norm = 1e-7;
  r.result.best_cost = -0.5;
  r.result.expectation_crossings = {{1, 2}, {-1, -1}};
  r.result.string_crossings = {{0, 1}, {5, 9}};
  r.cost = {.seconds = 1.5, .cpu_seconds = 1.25, .joules = 3.0, .host = "n1"};
  return r;
}

RestartCheckpoint checkpoint(std::uint64_t id, int iterations) {
  return {.id = id,
          .iterations = iterations,
          .expectation_crossings = {{1, 2}, {-1, -1}},
          .string_crossings = {{0, 1}, {5, 9}},
          .optimizer = {1.0, 2.0, 0.1 * iterations},
          .seconds = 60.0,
          .cpu_seconds = 59.0};
}

/// A journal of ten records, two in each write.
std::string write_journal(const std::string& folder, const std::string& run = "run") {
  Journal journal(folder, run, 0, header());
  for (std::uint64_t id = 0; id < 10; id += 2)
    journal.append(std::vector{record(id), record(id + 1)});
  journal.close();
  return journal.path();
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Read {
  std::vector<RestartRecord> records;
  JournalReport report;
  explicit Read(const std::string& path) {
    report = read_journal(
        path, {{}, [&](RestartRecord&& r, std::uint64_t) { records.push_back(std::move(r)); }, {}});
  }
};

TEST(Journal, GivesBackWhatWasAppended) {
  const TemporaryFolder folder;
  const PhaseEnergy phase{"table", "n", "measured:rapl", "package", 1, 2, 3, 4, 5, 6, 7, 8, 9,
                          10,      11};
  const RunEnergy energy{"run", 3, 1.5, 200, 0.25, "why", {phase, phase}};
  std::string path;
  {
    Journal journal(folder / "", "run", 0, header());
    path = journal.path();
    // What is appended can be read at once: nothing waits in this process.
    journal.append(std::vector{record(4), record(2)});
    EXPECT_EQ(Read(path).records.size(), 2u);
    journal.append(checkpoint(3, 7));
    journal.append(std::vector{record(7)});
    journal.append(energy);
  }  // the destructor closes as well
  JournalHeader h;
  std::vector<RestartRecord> records;
  std::vector<RestartCheckpoint> checkpoints;
  int energies = 0;
  const JournalReport report = read_journal(
      path, {[&](const JournalHeader& read) { h = read; },
             [&](RestartRecord&& r, std::uint64_t) { records.push_back(std::move(r)); },
             [&](RestartCheckpoint&& c) { checkpoints.push_back(std::move(c)); },
             [&](RunEnergy&& e) {
               EXPECT_EQ(e, energy);
               ++energies;
             }});
  EXPECT_EQ(energies, 1);
  EXPECT_EQ(h.identity, header().identity);
  EXPECT_EQ(h.experiment, header().experiment);
  EXPECT_EQ(h.restarts_requested, 10u);
  EXPECT_EQ(h.rule, header().rule);
  EXPECT_EQ(h.epsilons, header().epsilons);
  EXPECT_EQ(h.table.minimum, -0.5);
  EXPECT_EQ(h.table.best_index, 77u);
  EXPECT_EQ(h.table.samples, 10000u);
  EXPECT_EQ(h.method.name, "annealing");
  EXPECT_EQ(h.method.settings, "sweeps = 100");
  EXPECT_EQ(h.method.tuning, (OracleCount{7, 6, 70000}));
  EXPECT_EQ(h.method.inner_samples, 99u);
  EXPECT_EQ(h.provenance.hosts, header().provenance.hosts);
  EXPECT_EQ(h.provenance.slurm, header().provenance.slurm);
  EXPECT_EQ(h.provenance.ranks, 4);
  EXPECT_EQ(report.started, 1700000000);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].result, record(4).result);
  EXPECT_EQ(records[2].result, record(7).result);
  EXPECT_EQ(records[1].cost.joules, 3.0);
  EXPECT_EQ(checkpoints, std::vector{checkpoint(3, 7)});
  EXPECT_EQ(report.torn, 0u);
  EXPECT_TRUE(report.damaged.empty());
}

// Cut off at every length, as by a kill inside a write or a power cut.
TEST(Journal, ATornEndCostsOnlyTheLastRecord) {
  const TemporaryFolder folder;
  const std::string path = write_journal(folder / "");
  const std::string whole = content_of(path);
  std::size_t before = 10;
  for (std::size_t length = whole.size() - 1; length > 0; length -= 3) {
    const Read read(folder.write("cut", whole.substr(0, length)));
    EXPECT_TRUE(read.report.damaged.empty()) << length;
    ASSERT_LE(read.records.size(), before);
    EXPECT_GE(read.records.size() + 1, before);
    before = read.records.size();
    for (std::size_t i = 0; i < read.records.size(); ++i)
      EXPECT_EQ(read.records[i].result, record(i).result);
    if (length < 4) break;
  }
  EXPECT_EQ(before, 0u);
  EXPECT_GT(Read(folder.write("cut", whole.substr(0, whole.size() - 1))).report.torn, 100u);
  EXPECT_EQ(Read(folder.write("empty", "")).records.size(), 0u);
}

// Every byte of the file flipped, one after the other.
TEST(Journal, AFlippedByteCostsOneRecordAndIsNamed) {
  const TemporaryFolder folder;
  const std::string path = write_journal(folder / "");
  const std::string whole = content_of(path);
  int lost = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    folder.write("bad", bad);
    const Read read(folder / "bad");
    JournalHeader h;
    EXPECT_TRUE(read_journal_header(folder / "bad", h)) << at;
    EXPECT_TRUE(read.report.has_header) << at;
    ASSERT_GE(read.records.size(), 9u) << at;
    lost += read.records.size() == 9 ? 1 : 0;
    // Named with the place: where the damaged frame begins.
    if (read.report.torn == 0) {
      ASSERT_EQ(read.report.damaged.size(), 1u) << at;
      EXPECT_LE(read.report.damaged[0].offset, at);
      EXPECT_GT(read.report.damaged[0].offset + read.report.damaged[0].length, at);
    }
    for (const RestartRecord& r : read.records) ASSERT_EQ(r.result, record(r.result.id).result);
  }
  EXPECT_GT(lost, 1000);
}

TEST(Journal, ManyBytesOfRubbishAreSkipped) {
  const TemporaryFolder folder;
  const std::string path = write_journal(folder / "");
  std::string bad = content_of(path);
  bad.insert(bad.size() / 2, std::string(9000000, '\xf1'));
  folder.write("bad", bad);
  const Read read(folder / "bad");
  EXPECT_GE(read.records.size(), 9u);
  EXPECT_EQ(read.report.damaged.size(), 1u);
}

TEST(Journal, ThatCannotBeReadIsNamed) {
  const TemporaryFolder folder;
  EXPECT_NE(message_of<RunError>([&] { read_journal(folder / "none", {}); }).find("none"),
            std::string::npos);
}

/// Files may not grow beyond a size, for a scope: to a program that is a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

TEST(Journal, AFullDiskKeepsWhatWasFinished) {
  const TemporaryFolder folder;
  std::uint64_t written = 0;
  std::string message, path;
  {
    const FileSizeLimit limit(5000);
    Journal journal(folder / "", "run", 0, header());
    path = journal.path();
    message = message_of<RunError>([&] {
      for (;; ++written) journal.append(std::vector{record(written)});
    });
  }
  EXPECT_NE(message.find(path), std::string::npos) << message;
  EXPECT_NE(message.find("File too large"), std::string::npos) << message;
  EXPECT_GT(written, 5u);
  const Read read(path);
  EXPECT_EQ(read.records.size(), written);
  EXPECT_EQ(read.report.torn, 0u);  // cut back to the last whole frame
}

TEST(Journal, CannotBeMadeWhereNothingCanBeWritten) {
  EXPECT_NE(
      message_of<RunError>([] { Journal("/proc/none", "run", 0, header()); }).find("/proc/none"),
      std::string::npos);
}

TEST(CampaignFolder, IsReadFromAllItsJournals) {
  const TemporaryFolder folder;
  {
    Journal a(folder / "", "a", 0, header());
    a.append(std::vector{record(0), record(5)});
    a.append(checkpoint(1, 3));
    a.append(checkpoint(1, 9));
    a.append(checkpoint(2, 4));
  }
  {
    JournalHeader later = header();
    later.started += 10;
    later.restarts_requested = 12;
    later.rule = {};
    Journal b(folder / "", "b", 0, later);
    b.append(std::vector{record(2), record(5)});  // 5 again, with the same result
  }
  CampaignMerge merge(folder / "");
  const FolderScan& scan = merge.scan();
  EXPECT_EQ(merge.records(), 3u);
  std::vector<std::uint64_t> seen;
  merge.write(folder / "campaign.h5", [&](const RestartRecord& r) { seen.push_back(r.result.id); });
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 2, 5}));
  const CampaignFile campaign = read_campaign(folder / "campaign.h5");
  EXPECT_EQ(campaign.restarts_requested, 12u);
  ASSERT_EQ(campaign.records.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(campaign.records[i].result, record(std::vector{0u, 2u, 5u}[i]).result);
  EXPECT_EQ(scan.done.missing({0, 12}), (std::vector<IdRange>{{1, 1}, {3, 2}, {6, 6}}));
  ASSERT_EQ(scan.begun.size(), 1u);  // restart 2 is done
  EXPECT_EQ(scan.begun.at(1), checkpoint(1, 9));
  EXPECT_EQ(scan.prefix.restarts(), 1u);
  EXPECT_EQ(scan.prefix.waiting(), 2u);

  {
    Journal c(folder / "", "c", 0, header());
    RestartRecord other = record(2);
    other.result.gap = 0.25;
    c.append(std::vector{other});
  }
  EXPECT_NE(message_of<RunError>([&] {
              CampaignMerge(folder / "").write(folder / "x.h5", [](const RestartRecord&) {});
            }).find("restart 2"),
            std::string::npos);

  JournalHeader foreign = header();
  foreign.identity_hash = "5678";
  { Journal d(folder / "", "d", 0, foreign); }
  EXPECT_NE(message_of<InputError>([&] { scan_campaign(folder / ""); }).find("d.0.qhnj"),
            std::string::npos);
}

}  // namespace
}  // namespace qhn
