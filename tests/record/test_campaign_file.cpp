#include <gtest/gtest.h>
#include <hdf5.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <set>

#include "campaign/slice.hpp"
#include "core/check_sum.hpp"
#include "core/error.hpp"
#include "record/atomic_file.hpp"
#include "record/campaign_file.hpp"
#include "record/campaign_schema.hpp"
#include "record/hdf5.hpp"
#include "temporary_folder.hpp"

namespace qhn {
namespace {

std::vector<RunEnergy> example_energy();

// Every entry differs from every other.
RestartHistory history_of(int iterations, std::uint64_t id) {
  RestartHistory history;
  for (int k = 0; k <= iterations; ++k) {
    const double entry = static_cast<double>(id) + 1.0 / (1.0 + k);
    history.expectation.push_back(entry);
    history.gradient_norm.push_back(static_cast<float>(2.0 * entry));
    history.step.push_back(static_cast<float>(3.0 * entry));
    history.evaluations.push_back(7 * k + static_cast<int>(id));
  }
  return history;
}

CampaignFile example() {
  CampaignFile c;
  c.name = "größer";  // UTF-8 survives
  c.experiment = "name = \"x\"\n[restarts]\ncount = 3\n";
  c.restarts_requested = 5;
  c.epsilons = {1e-2, 1e-4};
  c.table = {41, {Reference::Kind::enumerated, 0.3268526932}, 2, 77, 12665, {}, 0.34375};
  c.method = {"annealing", "sweeps = 100", {1000, 900, 12665000}, 555};
  c.provenance = collect_provenance();
  c.provenance.ranks = 4;
  c.provenance.hosts = {"node1", "node-number-2"};
  c.provenance.slurm = {"SLURM_JOB_ID=17", "SLURM_JOB_NAME=a=b"};
  c.provenance.engine = "sweep";
  c.provenance.data_sha256 = std::string(64, 'a');
  c.provenance.seed = 11;
  c.energy = example_energy();
  for (std::uint64_t id = 0; id < 3; ++id) {
    RestartRecord r;
    r.result.id = id;
    r.result.seed = 11;
    r.result.status = id == 2 ? Status::diverged : Status::converged;
    r.result.expectation = 0.1 + 1.0 / (3.0 + static_cast<double>(id));
    r.result.gap = 1e-5 * static_cast<double>(id);
    r.result.gradient_norm = 1e-7;
    r.result.iterations = 40 + static_cast<int>(id);
    r.result.evaluations = 50;
    r.result.best_string = BitString(41, (Index{1} << 40) + id);
    r.result.best_probability = 0.99;
    r.result.best_cost = 0.25;
    r.result.expectation_crossings = {{3, 4}, {-1, -1}};
    r.result.string_crossings = {{1, 2}, {static_cast<int>(id), 7}};
    r.result.angles = {0.1, 0.2, static_cast<double>(id)};
    r.result.history = history_of(r.result.iterations, id);
    r.result.scored = 1;
    r.result.scores = {0.3, 0.4, 0.9, 0.875 + 0.01 * static_cast<double>(id)};
    r.result.oracle[OraclePhase::optimization] = {100 + id, 90, (std::uint64_t{1} << 40) + id};
    r.result.oracle[OraclePhase::validation] = {3, 2, id};
    r.cost = {1.5, 1.25, std::numeric_limits<double>::quiet_NaN(), id == 1 ? "n" : "node-b"};
    c.records.push_back(r);
  }
  return c;
}

// Joules of two runs, all numbers different; NaN, which equals nothing, apart.
std::vector<RunEnergy> example_energy() {
  PhaseEnergy p{
      "restarts", "node1", "measured:rapl", "package", 1, 2.5, 30, 0.5, 20, 0.75, 1e-6, 7, 8,
      11,         6};
  PhaseEnergy all{"restarts", "all", "modelled:cpu", "node", 2, 2.5, 31, 0, 21, 0, 0, 9, 10, 12, 6};
  return {{"run-1", 2, 1.25, 300, 1e-3, "psys stands still", {p, all}},
          {"run-2", 1, 1.5, 400, 2e-3, "", {all}}};
}

TEST(CampaignFile, RoundTrips) {
  const TemporaryFolder folder;
  const CampaignFile written = example();
  write_campaign(folder / "campaign.h5", written);
  EXPECT_EQ(folder.count(), 1) << "a temporary file was left behind";
  const CampaignFile read = read_campaign(folder / "");  // the folder stands for its file
  EXPECT_EQ(read.name, written.name);
  EXPECT_EQ(read.experiment, written.experiment);
  EXPECT_EQ(read.restarts_requested, 5u);
  EXPECT_EQ(read.epsilons, written.epsilons);
  EXPECT_EQ(read.table.qubits, 41);
  EXPECT_EQ(read.table.reference.cost, written.table.reference.cost);
  EXPECT_EQ(read.table.minimizers, 2u);
  EXPECT_EQ(read.table.best_index, 77u);
  EXPECT_EQ(read.table.best_test_cost, 0.34375);
  EXPECT_EQ(read.table.samples, 12665u);
  EXPECT_EQ(read.method.name, "annealing");
  EXPECT_EQ(read.method.settings, "sweeps = 100");
  EXPECT_EQ(read.method.tuning, written.method.tuning);
  EXPECT_EQ(read.method.inner_samples, 555u);
  ASSERT_EQ(read.records.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.records[i].result, written.records[i].result);
    EXPECT_EQ(read.records[i].cost.seconds, 1.5);
    EXPECT_EQ(read.records[i].cost.cpu_seconds, 1.25);
    EXPECT_TRUE(std::isnan(read.records[i].cost.joules));
    EXPECT_EQ(read.records[i].cost.host, written.records[i].cost.host);
  }
  EXPECT_EQ(read.energy, written.energy);
  EXPECT_EQ(read.provenance.hosts, written.provenance.hosts);
  EXPECT_EQ(read.provenance.libraries, written.provenance.libraries);
  EXPECT_EQ(read.provenance.ranks, 4);
  EXPECT_EQ(read.provenance.data_sha256, written.provenance.data_sha256);
  if (const char* keep = std::getenv("QHN_KEEP_CAMPAIGN")) write_campaign(keep, written);
}

// Above 64 bits a network has no index: its words are columns.
TEST(CampaignFile, KeepsNetworksOfMoreThan64Bits) {
  const TemporaryFolder folder;
  CampaignFile written = example();
  written.table = {130, {Reference::Kind::target, 0.25}, 0, 0, 12665};
  for (RestartRecord& r : written.records) {
    r.result.best_string = BitString(130);
    r.result.best_string.set(static_cast<int>(r.result.id), true);
    r.result.best_string.set(129, true);
  }
  write_campaign(folder / "a.h5", written);
  const CampaignFile read = read_campaign(folder / "a.h5");
  ASSERT_EQ(read.records.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k)
    EXPECT_EQ(read.records[k].result.best_string, written.records[k].result.best_string);
  const hid_t file = H5Fopen((folder / "a.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  {
    const H5Id table = open_group(file, "table");
    EXPECT_EQ(read_text_attribute(table, "found_bits"), "1" + std::string(128, '0') + "1");
    EXPECT_EQ(H5Aexists(table, "found_index"), 0);
    EXPECT_EQ(count_columns(open_group(file, "restarts"), "best_string"), 3u);
  }
  H5Fclose(file);
}

// A target is no minimum, and no network is invented for it: the best one found stands there.
TEST(CampaignFile, KeepsATargetApartFromAMinimum) {
  const TemporaryFolder folder;
  CampaignFile written = example();
  written.table = {41, {Reference::Kind::target, 0.25}, 0, 0, 12665};
  for (RestartRecord& r : written.records) r.result.best_cost = r.result.id == 1 ? 0.125 : 0.5;
  write_campaign(folder / "a.h5", written);
  const CampaignFile read = read_campaign(folder / "a.h5");
  EXPECT_FALSE(read.table.enumerated());
  EXPECT_STREQ(to_string(read.table.reference.kind), "target");
  EXPECT_EQ(read.table.reference.cost, 0.25);
  EXPECT_EQ(read.table.samples, 12665u);
  const hid_t file = H5Fopen((folder / "a.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  {
    const H5Id table(H5Gopen2(file, "table", H5P_DEFAULT), H5Gclose, "no table");
    EXPECT_EQ(read_text_attribute(table, "reference"), "target");
    EXPECT_EQ(read_attribute<double>(table, "target"), 0.25);
    for (const char* none : {"minimum", "best_index", "minimizers"})
      EXPECT_LE(H5Aexists(table, none), 0) << none;
    EXPECT_EQ(read_attribute<std::uint64_t>(table, "found_index"), (Index{1} << 40) + 1);
    EXPECT_EQ(read_attribute<double>(table, "found_cost"), 0.125);
    EXPECT_EQ(read_attribute<std::uint64_t>(table, "found_restart"), 1u);
    EXPECT_EQ(read_text_attribute(table, "found_bits"), "1" + std::string(39, '0') + "1");
  }
  H5Fclose(file);
}

TEST(CampaignFile, KeepsTheNextGapsWhereTheyAreKnown) {
  const TemporaryFolder folder;
  CampaignFile written = example();
  write_campaign(folder / "a.h5", written);  // as a file without them
  EXPECT_TRUE(read_campaign(folder / "a.h5").table.next_gaps.empty());
  EXPECT_STREQ(to_string(read_campaign(folder / "a.h5").table.reference.kind), "enumerated");
  written.table.next_gaps = {0.125, 0.25, 0.5};
  write_campaign(folder / "a.h5", written);
  EXPECT_EQ(read_campaign(folder / "a.h5").table.next_gaps, written.table.next_gaps);
}

/// `see` gets every group and dataset below `object`, itself included, with its path.
void visit_objects(hid_t object, const std::string& path,
                   const std::function<void(hid_t, const std::string&)>& see) {
  see(object, path);
  if (H5Iget_type(object) != H5I_GROUP) return;
  H5G_info_t info{};
  ASSERT_GE(H5Gget_info(object, &info), 0);
  for (hsize_t k = 0; k < info.nlinks; ++k) {
    char name[256] = {};
    H5Lget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, k, name, sizeof name, H5P_DEFAULT);
    const H5Id inner(H5Oopen(object, name, H5P_DEFAULT), H5Oclose, name);
    visit_objects(inner, (path == "/" ? path : path + "/") + name, see);
  }
}

TEST(CampaignFile, SaysOfEveryObjectWhatItIs) {
  const TemporaryFolder folder;
  CampaignFile written = example();
  written.table.next_gaps = {0.125};
  written.identity = "circuit.sublayers = 4\n";
  std::set<std::string> seen, meanings;
  for (const auto& [method, optimizer] : {std::pair<std::string, std::string>{"annealing", ""},
                                          {"", ""},
                                          {"", "adam"},
                                          {"", "spsa"}}) {
    written.method.name = method;
    written.experiment = "[optimizer]\n";
    if (!optimizer.empty()) written.experiment += "name = \"" + optimizer + "\"\n";
    write_campaign(folder / "a.h5", written);
    const H5Id file(H5Fopen((folder / "a.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, "");
    const H5Id root(H5Gopen2(file, "/", H5P_DEFAULT), H5Gclose, "no root");
    visit_objects(root, "/", [&](hid_t object, const std::string& path) {
      seen.insert(path);
      if (path == "/method" || path == "/provenance/slurm") return;  // their attributes are a list
      ASSERT_GT(H5Aexists(object, "description"), 0) << path;
      EXPECT_GT(read_text_attribute(object, "description").size(), 3u) << path;
      if (H5Iget_type(object) != H5I_DATASET) return;
      for (const char* name : {"unit", "shape"}) {
        ASSERT_GT(H5Aexists(object, name), 0) << path;
        EXPECT_FALSE(read_text_attribute(object, name).empty()) << path;
      }
      // As many dimensions as it says.
      const H5Id space(H5Dget_space(object), H5Sclose, path);
      const std::string shape = read_text_attribute(object, "shape");
      EXPECT_EQ(H5Sget_simple_extent_ndims(space),
                shape == "scalar" ? 0 : 1 + std::count(shape.begin(), shape.end(), ','))
          << path << ": " << shape;
    });
    const H5Id best(H5Dopen2(file, "/restarts/best_string", H5P_DEFAULT), H5Dclose, "");
    meanings.insert(read_text_attribute(best, "meaning"));
    EXPECT_EQ(read_text_attribute(best, "meaning"), !method.empty()     ? "returned"
                                                    : optimizer.empty() ? "most probable"
                                                                        : "best measured");
  }
  EXPECT_EQ(meanings.size(), 3u);
  for (const FieldMeaning& field : campaign_schema())  // no entry without an object
    EXPECT_TRUE(seen.contains(field.path)) << field.path;
}

TEST(CampaignFile, RefusesALadderOrAMinimumThatNoCampaignHas) {
  const TemporaryFolder folder;
  for (const auto& [change, words] :
       {std::pair<void (*)(CampaignFile&), const char*>(
            [](CampaignFile& c) {
              c.epsilons.clear();
              for (RestartRecord& r : c.records)
                r.result.expectation_crossings.clear(), r.result.string_crossings.clear();
            },
            "there are no epsilons"),
        {[](CampaignFile& c) { c.table.reference.cost = NAN; }, "the minimum is nan"},
        {[](CampaignFile& c) { c.table.reference.cost = -INFINITY; }, "the minimum is -inf"}}) {
    CampaignFile forged = example();
    change(forged);
    write_campaign(folder / "a.h5", forged);
    const std::string message = message_of<InputError>([&] { read_campaign(folder / "a.h5"); });
    EXPECT_NE(message.find(std::string("damaged or incomplete: ") + words), std::string::npos)
        << message;
  }
}

TEST(CampaignFile, RefusesAnotherVersion) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  for (const std::int32_t version : {campaign_schema_version - 1, campaign_schema_version + 1}) {
    write_campaign(path, example());
    {
      const H5Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose, "open");
      ASSERT_GE(H5Adelete(file, "schema_version"), 0);
      write_attribute(file, "schema_version", version);
    }
    EXPECT_EQ(message_of<InputError>([&] { read_campaign(path); }),
              path + ": schema version " + std::to_string(version) + "; this qhn reads version 1");
  }
}

TEST(CampaignFile, RefusesAFileThatLacksWhatEveryFileHas) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.h5";
  for (const char* name : {"identity", "energy/phases/times", "restarts/gap"}) {
    write_campaign(path, example());
    {
      const H5Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose, "open");
      ASSERT_GE(H5Ldelete(file, name, H5P_DEFAULT), 0);
    }
    const std::string told = message_of<InputError>([&] { read_campaign(path); });
    EXPECT_TRUE(told.starts_with(path + ": damaged or incomplete: ")) << told;
  }
}

// More than are in memory at once.
TEST(CampaignFile, GivesBackManyRecordsInOrder) {
  const TemporaryFolder folder;
  CampaignFile written = example();
  const RestartRecord first = written.records[0];
  const std::uint64_t count = (1 << 14) + 3;
  written.records.assign(count, first);
  for (std::uint64_t id = 0; id < count; ++id) {
    RestartRecord& r = written.records[id];
    r.result.id = id;
    r.result.status = static_cast<Status>(id % 4);
    r.result.oracle[OraclePhase::selection].samples = id * id;
    r.result.angles[2] = static_cast<double>(id);
    r.result.iterations = static_cast<int>(id % 200);
    r.result.history = history_of(r.result.iterations, id);
    r.cost.host = id % 2 ? "a" : "longer";
  }
  write_campaign(folder / "campaign.h5", written);
  const CampaignReader reader(folder / "campaign.h5");
  EXPECT_EQ(reader.shape().count, count);
  EXPECT_LT(batch_of(reader.shape()), count / 1.5);  // of 2^20 iterates, so there are several
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{9999}, count - 2})
    EXPECT_EQ(reader.read(first, 2)[1].result, written.records[first + 1].result);
  std::uint64_t next = 0;
  reader.for_each([&](RestartRecord&& record) {
    ASSERT_LT(next, count);
    EXPECT_EQ(record.result, written.records[next].result);
    EXPECT_EQ(record.cost.host, written.records[next++].cost.host);
  });
  EXPECT_EQ(next, count);
}

TEST(CampaignFile, RefusesRecordsThatKeepSomethingElseThanOthers) {
  const TemporaryFolder folder;
  const auto refused = [&](const auto& change, const std::string& words) {
    CampaignFile written = example();
    change(written.records[1].result);
    EXPECT_EQ(message_of<RunError>([&] { write_campaign(folder / "campaign.h5", written); }),
              folder / "campaign.h5" + ": record 1 has " + words);
    EXPECT_EQ(folder.count(), 0);
  };
  refused([](RestartResult& r) { r.history = {}; }, "41 iterations and a history of 0 entries");
  refused([](RestartResult& r) { ++r.iterations; }, "42 iterations and a history of 42 entries");
  refused([](RestartResult& r) { r.scored = 0; }, "no scores, others do");
}

// A file whose histories do not belong to its restarts: none is read as that of another restart.
TEST(CampaignFile, RefusesHistoriesOfOtherLengths) {
  const TemporaryFolder folder;
  write_campaign(folder / "campaign.h5", example());
  {
    const H5Id file(H5Fopen((folder / "campaign.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose,
                    "open");
    const H5Id dataset(H5Dopen2(file, "/restarts/iterations", H5P_DEFAULT), H5Dclose, "open");
    const std::int32_t more[] = {40, 41, 43};
    h5_check(H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, more), "write");
  }
  EXPECT_NE(message_of<InputError>([&] {
              CampaignReader(folder / "campaign.h5");
            }).find("'history' has 126 iterates, its restarts 127"),
            std::string::npos);
}

TEST(CampaignFile, HoldsEmptyAndMinimalCampaigns) {
  const TemporaryFolder folder;
  CampaignFile written = example();
  written.records.clear();
  write_campaign(folder / "a.h5", written);
  EXPECT_TRUE(read_campaign(folder / "a.h5").records.empty());
  written = example();
  for (RestartRecord& r : written.records) r.result.angles.clear();
  written.energy.clear();
  write_campaign(folder / "a.h5", written);
  EXPECT_EQ(read_campaign(folder / "a.h5").records[2].result, written.records[2].result);
  EXPECT_TRUE(read_campaign(folder / "a.h5").energy.empty());
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(CampaignFile, RefusesWhatItCannotRead) {
  const TemporaryFolder folder;
  const auto complaint = [](const std::string& path) {
    return message_of<InputError>([&] { read_campaign(path); });
  };
  EXPECT_EQ(complaint(folder / ""),
            (folder / "campaign.h5") + ": cannot read the result: No such file or directory");
  const std::string text = folder.write("a.txt", "hello");
  EXPECT_TRUE(complaint(text).starts_with(text + ": not an HDF5 file"));

  write_campaign(folder / "b.h5", example());
  const std::string bytes = bytes_of(folder / "b.h5");
  const std::string torn = folder.write("torn.h5", bytes.substr(0, bytes.size() / 2));
  EXPECT_TRUE(complaint(torn).starts_with(torn + ": damaged or incomplete: ")) << complaint(torn);
}

// HDF5 itself would give other numbers without a word.
TEST(CampaignFile, NoticesAChangedByteAnywhere) {
  const TemporaryFolder folder;
  const std::string path = folder / "campaign.h5";
  write_campaign(path, example());
  const std::string sound = bytes_of(path);
  const std::size_t content = sound.size() - check_sum_line(path).size();
  for (std::size_t at = 0; at < content; at += 97) {
    std::string changed = sound;
    changed[at] = static_cast<char>(changed[at] ^ 0x04);
    folder.write("campaign.h5", changed);
    const std::string told = message_of<InputError>([&] { read_campaign(path); });
    ASSERT_TRUE(told == path + ": damaged: its check sum does not match its content" ||
                (at < 8 && told.starts_with(path + ": not an HDF5 file")))
        << at << ": " << told;
  }
}

// As a power cut may leave the end of a file.
TEST(CampaignFile, NoticesAnEndOfZeros) {
  const TemporaryFolder folder;
  const std::string path = folder / "campaign.h5";
  write_campaign(path, example());
  std::string bytes = bytes_of(path);
  std::fill(bytes.end() - 100, bytes.end(), '\0');
  folder.write("campaign.h5", bytes);
  EXPECT_EQ(message_of<InputError>([&] { read_campaign(path); }),
            path + ": damaged: its check sum is unreadable");
}

// As h5py leaves a file: HDF5 cuts the line off where it opens the file for writing.
TEST(CampaignFile, ReadsAFileWithoutCheckSum) {
  const TemporaryFolder folder;
  const std::string path = folder / "campaign.h5";
  write_campaign(path, example());
  const std::string sound = bytes_of(path);
  folder.write("campaign.h5", sound.substr(0, sound.size() - check_sum_line(path).size()));
  EXPECT_EQ(check_sum(path), CheckSum::none);
  EXPECT_EQ(read_campaign(path).records.size(), 3u);

  write_campaign(path, example());
  EXPECT_EQ(check_sum(path), CheckSum::right);
  {
    const H5Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose, "open");
    write_attribute(file, "note", std::string("by hand"));
  }
  EXPECT_EQ(check_sum(path), CheckSum::none);
  EXPECT_EQ(read_campaign(path).records.size(), 3u);
}

TEST(CampaignFile, NamesPathAndReasonOfAFailedWrite) {
  const TemporaryFolder folder;
  const std::string path = folder / "no/campaign.h5";
  EXPECT_EQ(message_of<RunError>([&] { write_campaign(path, example()); }),
            path + ": cannot write: No such file or directory");
}

// A full disk, imitated by the limit on file size (EFBIG instead of ENOSPC, the same path).
TEST(CampaignFile, KeepsTheOldFileWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  const std::string path = folder / "campaign.h5";
  write_campaign(path, example());

  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1000, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  CampaignFile changed = example();
  changed.name = "changed";
  const std::string message = message_of<RunError>([&] { write_campaign(path, changed); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  EXPECT_EQ(message, path + ": cannot write: File too large");
  EXPECT_EQ(folder.count(), 1) << "a temporary file was left behind";
  EXPECT_EQ(read_campaign(path).name, "größer");
}

TEST(Provenance, KnowsThisProcess) {
  const Provenance p = collect_provenance();
  for (const std::string* field : {&p.version, &p.git_commit, &p.compiler, &p.compiler_flags,
                                   &p.libraries, &p.binding, &p.cpu, &p.simd, &p.hosts.at(0)})
    EXPECT_FALSE(field->empty());
  EXPECT_TRUE(p.git_dirty == "yes" || p.git_dirty == "no" || p.git_dirty == "unknown");
  EXPECT_EQ(p.started.size(), std::string("2024-05-06T07:08:09Z").size());
}

}  // namespace
}  // namespace qhn
