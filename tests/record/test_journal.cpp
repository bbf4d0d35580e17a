#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <thread>

#include "campaign/slice.hpp"
#include "core/error.hpp"
#include "record/campaign_folder.hpp"
#include "record/folder_identity.hpp"
#include "record/identity.hpp"
#include "record/journal.hpp"
#include "record/packing.hpp"
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
  h.table = {10, {Reference::Kind::enumerated, -0.5}, 2, 77, 10000, {0.25, 0.5}, 0.125};
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
  r.result.best_string = BitString(10);
  r.result.seed = 3;
  r.result.status = Status::converged;
  r.result.expectation = 0.1 * static_cast<double>(id);
  r.result.gap = r.result.expectation + 0.5;
  r.result.gradient_norm = 1e-7;
  r.result.best_cost = -0.5;
  r.result.expectation_crossings = {{1, 2}, {-1, -1}};
  r.result.string_crossings = {{0, 1}, {5, 9}};
  r.result.iterations = 1;
  r.result.history = {{0.75, 0.1 * static_cast<double>(id)}, {2.5f, 1e-7f}, {0.0f, 0.5f}, {1, 3}};
  r.result.scored = 1;
  r.result.scores = {0.125, 0.25, 0.5, 0.625};
  r.cost = {.seconds = 1.5, .cpu_seconds = 1.25, .joules = 3.0, .host = "n1"};
  return r;
}

RestartCheckpoint checkpoint(std::uint64_t id, int iterations) {
  return {.id = id,
          .iterations = iterations,
          .expectation_crossings = {{1, 2}, {-1, -1}},
          .string_crossings = {{0, 1}, {5, 9}},
          .optimizer = {1.0, 2.0, 0.1 * iterations},
          .history = {std::vector<double>(static_cast<std::size_t>(iterations) + 1, 0.5),
                      std::vector<float>(static_cast<std::size_t>(iterations) + 1, 0.25f),
                      std::vector<float>(static_cast<std::size_t>(iterations) + 1, 0.125f),
                      std::vector<std::int32_t>(static_cast<std::size_t>(iterations) + 1, 3)},
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
  EXPECT_EQ(h.table.reference.cost, -0.5);
  EXPECT_EQ(h.table.best_index, 77u);
  EXPECT_EQ(h.table.samples, 10000u);
  EXPECT_EQ(h.table.best_test_cost, 0.125);
  EXPECT_EQ(h.table.next_gaps, (std::vector<double>{0.25, 0.5}));
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

// Every field of a header has its place in the bytes, which Python's struct packed.
TEST(Journal, HeadersHaveTheFormatOfTheFilesOnDisks) {
  JournalHeader h;
  h.identity = "i = 1\n";
  h.identity_hash = "hash";
  h.name = "name";
  h.experiment = "toml";
  h.restarts_requested = 10;
  h.rule = {.epsilon = 1e-3, .halfwidth = 0.02, .relative_tts = 1.5};
  h.epsilons = {1e-2, 1e-4};
  h.table = {10, {Reference::Kind::enumerated, -0.5}, 2, 77, 10000, {}, 0.5};
  h.method = {"annealing", "sweeps = 100", {7, 6, 70000}, 99};
  h.provenance = {.version = "v1",
                  .git_commit = "commit",
                  .git_dirty = "no",
                  .compiler = "gcc",
                  .compiler_flags = "-O3",
                  .libraries = "libs",
                  .mpi = "mpi",
                  .ranks = 4,
                  .threads = 3,
                  .binding = "bind",
                  .hosts = {"n1", "n2"},
                  .slurm = {"SLURM_JOB_ID=17"},
                  .cpu = "cpu",
                  .simd = "avx2",
                  .engine = "cut",
                  .precision = "float64",
                  .started = "start",
                  .finished = "finish",
                  .seed = 5,
                  .data_sha256 = "sha",
                  .plan = "plan"};
  h.started = 1700000000;
  const std::vector<std::byte> bytes = pack(h);
  EXPECT_EQ(bytes.size(), 504u);
  EXPECT_EQ(::crc32(0, reinterpret_cast<const unsigned char*>(bytes.data()), 504), 0xfe192aa8u);
}

TEST(Journal, RefusesAnotherFormat) {
  for (const std::uint32_t format : {journal_format - 1, journal_format + 1}) {
    std::vector<std::byte> bytes = pack(header());
    bytes[0] = static_cast<std::byte>(format);
    EXPECT_EQ(message_of<InputError>([&] { unpack_header(bytes); }),
              fmt::format("message: journal format {}; this qhn reads format 4", format));
  }
}

// Whole frames, with the right check sum, that no qhn wrote.
TEST(Journal, ThatWasMadeUpIsRefusedInALineThatNamesIt) {
  const auto refused = [](const JournalHeader& h, const RestartRecord& r,
                          const RestartCheckpoint& c, const std::string& words) {
    const TemporaryFolder folder;
    {
      Journal journal(folder / "", "run", 0, h);
      journal.append(c);
      journal.append(std::vector{r});
    }
    const std::string message = message_of<InputError>([&] { scan_campaign(folder / ""); });
    for (const std::string& part : {std::string("run.0.qhnj: byte "), words})
      EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  };
  RestartRecord r = record(1);
  r.result.status = static_cast<Status>(77);
  refused(header(), r, checkpoint(1, 2), "restart 1 has status 77");
  r = record(10);
  refused(header(), r, checkpoint(1, 2), "restart 10 of 10");
  r = record(1);
  r.result.string_crossings.pop_back();
  refused(header(), r, checkpoint(1, 2), "restart 1 has 1 crossings for 2 epsilons");
  r = record(1);
  r.result.iterations = 2;
  refused(header(), r, checkpoint(1, 2), "restart 1 has 2 iterations and a history of 2 entries");
  r = record(1);
  r.result.history.step.pop_back();
  refused(header(), r, checkpoint(1, 2), "1 iterations and a history of 1 entries");
  r = record(1);
  r.result.iterations = -1;
  r.result.history = {};
  refused(header(), r, checkpoint(1, 2), "restart 1 has -1 iterations");
  r = record(1);
  r.result.scored = 2;
  refused(header(), r, checkpoint(1, 2), "restart 1 has the mark 2 for scores");
  RestartCheckpoint c = checkpoint(1, 2);
  c.history = {{0.5}, {1.0f}, {0.0f}, {1}};
  refused(header(), record(1), c, "restart 1 has 2 iterations and a history of 1 entries");
  c = checkpoint(std::uint64_t{1} << 45, 2);
  refused(header(), record(1), c, "restart 35184372088832 of 10");
  JournalHeader h = header();
  h.table.qubits = 1 << 30;
  refused(h, record(1), checkpoint(1, 2), "1073741824 qubits");
  h = header();
  h.epsilons = {1e-4, 1e-2};
  refused(h, record(1), checkpoint(1, 2), "epsilons");
  h = header();
  h.restarts_requested = std::uint64_t{1} << 63;
  refused(h, record(1), checkpoint(1, 2), "restarts requested");
}

// A file of 2^45 bytes, all hole, and a frame that claims four gigabytes of it.
TEST(Journal, ASizeThatWasMadeUpCostsNothing) {
  const TemporaryFolder folder;
  const std::string path = write_journal(folder / "");
  {
    std::ofstream file(path, std::ios::binary | std::ios::app);
    const char frame[] = "\xf1qh\xd7\x02\0\0\0\xff\xff\xff\xff";
    file.write(frame, 12);
  }
  if (::truncate(path.c_str(), off_t{1} << 43) != 0) GTEST_SKIP() << "no such file here";
  const Read read(path);
  EXPECT_EQ(read.records.size(), 10u);
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
    JournalHeader many = header();
    many.restarts_requested = 1000;
    Journal journal(folder / "", "run", 0, many);
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
    b.append(checkpoint(0, 7));                   // of one that is finished in the other
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
  foreign.identity = "circuit.sublayers = 5\nsimd = avx2\n";
  { Journal d(folder / "", "d", 0, foreign); }
  const std::string message = message_of<InputError>([&] { scan_campaign(folder / ""); });
  for (const char* words : {"d.0.qhnj", "circuit.sublayers (there 4, here 5)", "--separate"})
    EXPECT_NE(message.find(words), std::string::npos) << message;
}

TEST(Identity, ComparesKeysAndValues) {
  EXPECT_TRUE(same_campaign("seed = 1\nsimd = avx2\n", "seed = 1\nsimd = avx2\n"));
  EXPECT_FALSE(same_campaign("seed = 1\n", "seed = 2\n"));
  EXPECT_FALSE(same_campaign("seed = 1\n", "seed = 1\ntest_sha256 = ab\n"));
  EXPECT_EQ(identity_differences("n = 1\nseed = 1\n", "seed = 2\n"),
            "n (there 1, here nothing), seed (there 1, here 2)");
  EXPECT_EQ(identity_remedy("r.seed = 1\nsimd = avx2\n", "r.seed = 2\nsimd = sse4\n"),
            "--set r.seed=1 and --simd avx2");
}

// Names and paths may change, the content of the files may not.
TEST(Identity, IsContent) {
  const auto of = [](const std::string& name, const std::string& path, const std::string& hash) {
    return campaign_identity(
        fmt::format("name = '{0}'\n[problem]\ndata = '{1}'\ntest_data = '{1}'\n", name, path), hash,
        "", "avx2", "cut");
  };
  EXPECT_EQ(of("a", "x.csv", "aa"), of("b", "y.csv", "aa"));
  EXPECT_NE(of("a", "x.csv", "aa"), of("a", "x.csv", "ab"));
}

/// A folder of two runs, restarts 0 to 3 and 4 to 7, with its campaign.h5.
class PurgedFolder : public testing::Test {
 protected:
  PurgedFolder() {
    write("a", 0, 1700000000);
    write("b", 4, 1700000100);
    merge();
    whole = read_campaign(folder / "");
  }
  void write(const std::string& run, std::uint64_t first, std::int64_t started,
             const JournalHeader& like = header()) {
    JournalHeader h = like;
    h.started = started;
    h.provenance.started = utc(started);
    h.rule = {};
    h.restarts_requested = first + 6;
    Journal journal(folder / "", run, 0, h);
    for (std::uint64_t id = first; id < first + 4; ++id) {
      RestartRecord r = record(id);
      r.result.oracle[OraclePhase::selection] = {id, 2, 3};
      r.result.angles = {0.5, static_cast<double>(id)};
      if (id == 2) r.result.gap = std::numeric_limits<double>::quiet_NaN();  // diverged
      journal.append(std::vector{r});
    }
    journal.append(RunEnergy{run, 4, 1, 2, 3, "", {}});
  }
  static std::string utc(std::int64_t seconds) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
  }
  void merge() const {
    CampaignMerge(folder / "").write(folder / "campaign.h5", [](const RestartRecord&) {});
  }
  void purge(const std::string& run) const {
    std::filesystem::remove(folder / ("journal/" + run + ".0.qhnj"));
  }
  void expect_whole() const {
    const CampaignFile now = read_campaign(folder / "");
    ASSERT_EQ(now.records.size(), whole.records.size());
    for (std::size_t i = 0; i < now.records.size(); ++i) {
      EXPECT_EQ(pack(now.records[i].result), pack(whole.records[i].result)) << i;
      EXPECT_EQ(now.records[i].cost.seconds, whole.records[i].cost.seconds);
    }
    EXPECT_EQ(now.restarts_requested, whole.restarts_requested);
    EXPECT_EQ(now.energy, whole.energy);
    EXPECT_EQ(now.method.settings, whole.method.settings);
    EXPECT_EQ(now.provenance.slurm, whole.provenance.slurm);
    EXPECT_EQ(now.identity, whole.identity);
  }
  TemporaryFolder folder;
  CampaignFile whole;
};

TEST_F(PurgedFolder, LosesNothingThatTheResultHolds) {
  EXPECT_EQ(whole.records.size(), 8u);
  EXPECT_EQ(whole.identity, header().identity);
  EXPECT_EQ(whole.energy.size(), 2u);
  merge();
  expect_whole();
  purge("b");  // the newer one, that knows how many were asked for
  FolderScan scan = scan_campaign(folder / "");
  EXPECT_EQ(scan.done.size(), 8u);
  EXPECT_EQ(scan.only_there, 4u);
  EXPECT_EQ(scan.prefix.end(), 10u);
  merge();
  expect_whole();
  write("c", 8, 1700000200);
  merge();
  EXPECT_EQ(read_campaign(folder / "").records.size(), 12u);
  whole = read_campaign(folder / "");
  purge("a");
  purge("c");
  const auto written = std::filesystem::last_write_time(folder / "campaign.h5");
  merge();
  expect_whole();
  EXPECT_EQ(std::filesystem::last_write_time(folder / "campaign.h5"), written);
  std::filesystem::remove_all(folder / "journal");
  scan = scan_campaign(folder / "");
  EXPECT_EQ(scan.header.identity, header().identity);
  EXPECT_EQ(scan.header.restarts_requested, 14u);
  EXPECT_EQ(scan.done.missing({0, 14}), (std::vector<IdRange>{{12, 2}}));
}

TEST_F(PurgedFolder, WhatCannotBeExplainedIsRefusedAndNothingIsOverwritten) {
  const auto refused = [&](const char* words) {
    const std::string before = content_of(folder / "campaign.h5");
    std::string message;
    try {
      merge();
    } catch (const std::exception& error) {
      message = error.what();
    }
    EXPECT_NE(message.find(words), std::string::npos) << message;
    EXPECT_NE(message.find("campaign.h5"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(content_of(folder / "campaign.h5"), before);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / ""), {}), 2);
  };
  CampaignFile other = whole;
  other.records[5].result.gap = 0.125;
  write_campaign(folder / "campaign.h5", other);
  refused("restart 5 has one result in ");
  other = whole;
  other.identity = "circuit.sublayers = 8\nsimd = avx2\n";
  write_campaign(folder / "campaign.h5", other);
  refused("circuit.sublayers (there 4, here 8)");
  other = whole;
  other.table.reference.cost = 0.0;
  write_campaign(folder / "campaign.h5", other);
  refused("minimum of the costs");
  write_campaign(folder / "campaign.h5", whole);
  std::filesystem::resize_file(folder / "campaign.h5", 5000);
  refused("damaged or incomplete");
  folder.write("campaign.h5", "");
  refused("not an HDF5 file");
}

TEST_F(PurgedFolder, FilesThatOnlyLookLikeJournalsAreNamedAndLeftAlone) {
  folder.write("journal/notes.qhnj", "not a journal at all\n");
  std::filesystem::create_directory(folder / "journal/folder.qhnj");
  folder.write("journal/empty.qhnj", "");
  folder.write("journal/b.0.qhnj.tmp.host.1", "half");
  folder.write("campaign.h5.tmp.host.1", "half");
  ASSERT_EQ(::mkfifo((folder / "journal/fifo.qhnj").c_str(), 0600), 0);
  merge();
  expect_whole();
  std::string lines;
  for (const std::string& line :
       describe_damage(scan_campaign(folder / ""), [](const std::string&) { return false; }))
    lines += line + "\n";
  for (const char* name : {"notes.qhnj: not a journal", "folder.qhnj: not a", "fifo.qhnj: not a"})
    EXPECT_NE(lines.find(name), std::string::npos) << lines;
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3) << lines;
  // A copy of a journal adds nothing, its joules neither.
  std::filesystem::copy(folder / "journal/b.0.qhnj", folder / "journal/copy.0.qhnj");
  merge();
  expect_whole();
}

TEST_F(PurgedFolder, MixedCampaignsAreSeparated) {
  JournalHeader other = header();
  other.identity = "circuit.sublayers = 6\nsimd = avx2\n";
  write("z", 0, 1700000300, other);
  const std::string where = (folder / "").substr(0, (folder / "").size() - 1);
  EXPECT_THROW(scan_campaign(where), InputError);
  const auto parts = separate_campaigns(where);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].folder, where);
  EXPECT_EQ(parts[0].journals, 2u);
  EXPECT_TRUE(parts[0].result);
  EXPECT_EQ(parts[1].folder, where + "-2");
  EXPECT_EQ(parts[1].journals, 1u);
  EXPECT_EQ(parts[1].differences, "circuit.sublayers (there 4, here 6)");
  merge();
  expect_whole();
  EXPECT_EQ(scan_campaign(where + "-2").done.size(), 4u);
  EXPECT_TRUE(same_campaign(folder_identity(where), header().identity));
  EXPECT_TRUE(same_campaign(folder_identity(where + "-2"), other.identity));
  EXPECT_EQ(separate_campaigns(where).size(), 1u);
  std::filesystem::remove_all(where + "-2");
}

TEST(FolderIdentity, OneOfManyAtOnceGetsTheFolder) {
  for (int round = 0; round < 20; ++round) {
    const TemporaryFolder folder;
    std::vector<std::unique_ptr<FolderIdentity>> got(8);
    std::atomic<int> refused = 0, waiting = 8;
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < got.size(); ++t)
      threads.emplace_back([&, t] {
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        try {
          got[t] = std::make_unique<FolderIdentity>(folder / "", fmt::format("seed = {}\n", t),
                                                    false, [] { return false; });
        } catch (const InputError&) {
          ++refused;
        }
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(refused, 7);
    EXPECT_EQ(folder.count(), 1);  // no temporary names are left
    for (const auto& one : got)
      if (one) one->confirm();
  }
}

// A run that was asked first and then held up would take the folder from another that came
// meanwhile, and both would compute.
TEST(FolderIdentity, AsksForOtherRunsOnceItHasSeenTheirFile) {
  const TemporaryFolder folder;
  int asked = 0;
  const FolderIdentity first(folder / "", "seed = 1\n", false, [&] { return ++asked > 0; });
  EXPECT_EQ(asked, 0) << "nothing was there";
  EXPECT_THROW(FolderIdentity(folder / "", "seed = 2\n", false,
                              [&] {
                                ++asked;
                                EXPECT_EQ(folder_identity(folder / ""), "seed = 1\n");
                                return false;
                              }),
               InputError);
  EXPECT_EQ(asked, 1);
}

TEST(FolderIdentity, IsTheFoldersUntilNothingIsLeft) {
  const TemporaryFolder folder;
  const auto inhabited = [] { return false; };
  {
    const FolderIdentity first(folder / "", "seed = 1\n", false, inhabited);
    EXPECT_EQ(folder_identity(folder / ""), "seed = 1\n");
    const std::string message = message_of<InputError>(
        [&] { FolderIdentity(folder / "", "seed = 2\n", false, inhabited); });
    EXPECT_NE(message.find("seed (there 1, here 2)"), std::string::npos) << message;
    EXPECT_NE(message.find("--out DIR"), std::string::npos) << message;
    const FolderIdentity same(folder / "", "seed = 1\n", false, inhabited);
    write_folder_identity(folder / "", "seed = 3\n");
    EXPECT_THROW(first.confirm(), InputError);
    std::filesystem::remove(folder / "campaign.identity");
    first.confirm();
    EXPECT_EQ(folder_identity(folder / ""), "seed = 1\n");
  }
  EXPECT_EQ(folder_identity(folder / ""), "") << "nothing came of it";
  // What a dead run left without any result is in nobody's way, a live one's is.
  write_folder_identity(folder / "", "seed = 1\n");
  EXPECT_THROW(FolderIdentity(folder / "", "seed = 2\n", false, inhabited), InputError);
  const FolderIdentity next(folder / "", "seed = 2\n", false, [] { return true; });
  EXPECT_TRUE(same_campaign(folder_identity(folder / ""), "seed = 2\n"));
  // Cut off, where there are no links: nobody knows whose.
  folder.write("campaign.identity", "seed = 2\n");
  EXPECT_NE(message_of<InputError>([&] { folder_identity(folder / ""); }).find("is incomplete"),
            std::string::npos);
}

}  // namespace
}  // namespace qhn
