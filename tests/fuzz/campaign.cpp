// A campaign.h5. A first byte of 0: the rest is the file. Else the rest changes a sound file: edits
// of an offset (3 bytes, little-endian), a length (1 byte) and that many bytes. A first byte of 2
// also cuts the file at the offset of the first edit. The sound file has its check sum where the
// first byte is 3, and lacks it otherwise: with one, no change would come as far as HDF5.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/check_sum.hpp"
#include "input_file.hpp"
#include "record/campaign_file.hpp"

namespace {

qhn::CampaignFile sound_campaign() {
  qhn::CampaignFile c;
  c.name = "sound";
  c.experiment = "name = \"x\"\n[restarts]\ncount = 3\n";
  c.identity = "0123";
  c.restarts_requested = 5;
  c.epsilons = {1e-2, 1e-4};
  c.table = {14, {qhn::Reference::Kind::enumerated, 0.25}, 2, 77, 12665, {0.5, 0.75}};
  c.method = {"annealing", "sweeps = 100", {1000, 900, 12665000}, 555};
  c.provenance.hosts = {"node1", "node2"};
  c.provenance.slurm = {"SLURM_JOB_ID=17"};
  qhn::PhaseEnergy phase;
  phase.phase = "restarts";
  phase.method = "measured:rapl";
  c.energy = {{"run-1", 2, 1.25, 300, 1e-3, "", {phase}}};
  for (std::uint64_t id = 0; id < 3; ++id) {
    qhn::RestartRecord r;
    r.result.id = id;
    r.result.expectation_crossings = {{3, 4}, {-1, -1}};
    r.result.string_crossings = {{1, 2}, {5, 7}};
    r.result.angles = {0.1, 0.2};
    r.result.oracle[qhn::OraclePhase::optimization] = {100, 90, 1000};
    r.cost = {1.5, 1.25, 0.5, "node1"};
    c.records.push_back(r);
  }
  return c;
}

std::vector<std::uint8_t> sound_file(const std::string& folder) {
  const std::string path = folder + "/sound.h5";
  qhn::write_campaign(path, sound_campaign());
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::uint8_t> edited(std::vector<std::uint8_t> file, const std::uint8_t* data,
                                 std::size_t size, bool cut) {
  std::size_t end = file.size();
  for (std::size_t at = 0; at + 4 <= size;) {
    const std::size_t offset =
        (data[at] | std::size_t{data[at + 1]} << 8 | std::size_t{data[at + 2]} << 16) % file.size();
    const std::size_t length =
        std::min({std::size_t{data[at + 3]}, size - at - 4, file.size() - offset});
    std::copy_n(data + at + 4, length, file.begin() + static_cast<std::ptrdiff_t>(offset));
    if (at == 0 && cut) end = offset;
    at += 4 + length;
  }
  file.resize(end);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static qhn::InputFile input;
  static const std::vector<std::uint8_t> sound = sound_file(input.folder());
  static const std::size_t line = qhn::check_sum_line(std::span<const std::byte>()).size();
  static const std::vector<std::uint8_t> content(sound.begin(),
                                                 sound.end() - static_cast<std::ptrdiff_t>(line));
  std::vector<std::uint8_t> file(data + 1, data + size);
  if (data[0] != 0) file = edited(data[0] == 3 ? sound : content, data + 1, size - 1, data[0] == 2);
  static const std::string& path = input.path();
  input.write(file.data(), file.size());
  qhn::run_input([&] {
    const qhn::CampaignReader reader(path);
    if (reader.shape().count > qhn::most_restarts) std::abort();
    std::uint64_t seen = 0;
    reader.for_each([&](qhn::RestartRecord&& record) {
      if (record.result.status > qhn::Status::diverged) std::abort();
      if (record.result.expectation_crossings.size() != reader.head().epsilons.size()) std::abort();
      ++seen;
    });
    if (seen != reader.shape().count) std::abort();
    reader.read(seen - std::min<std::uint64_t>(seen, 1), 1);
  });
  return 0;
}
