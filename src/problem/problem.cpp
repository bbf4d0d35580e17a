#include "problem/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "core/aligned.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "problem/bare_problem.hpp"
#include "problem/enumerator.hpp"
#include "problem/reference.hpp"
#include "problem/sample_memory.hpp"
#include "problem/synthetic.hpp"
#include "problem/table_file.hpp"

namespace qhn {
namespace {

class NetworkProblem : public Problem {
 public:
  NetworkProblem(Network network, DataSplit data, SampleMemory& memory)
      : network_(std::move(network)), data_(std::move(data)) {
    for (Index choice = 0; choice < dimension(network_.choice_bits()); ++choice) {
      const FixedNetwork fixed = network_.resolve(choice);
      enumerators_.push_back(fixed.kind == NetworkKind::logistic
                                 ? make_logistic_enumerator(fixed, data_.train, memory)
                                 : make_mlp_enumerator(fixed, data_.train, memory));
    }
  }

  int bits() const override { return network_.bits(); }
  std::size_t train_samples() const override { return data_.train.size(); }
  const Network* network() const override { return &network_; }
  const DataSplit* data() const override { return &data_; }
  std::vector<DecodedValue> decode(Index w) const override { return network_.decode(w); }
  std::string data_sha256() const override { return sha256(data_.train); }

  /// The choice bits are the lowest, so each choice is enumerated separately and its results lie a
  /// stride apart. Slabs bound the intermediate memory.
  void costs(Index first, std::span<double> out) const override {
    constexpr Index slab = Index{1} << 22;
    const int k = network_.choice_bits();
    const Index last = first + out.size();
    const Index base_end = (last + dimension(k) - 1) >> k;
    AlignedVector<double> part;
    for (Index base = first >> k; base < base_end; base += slab) {
      part.resize(std::min(slab, base_end - base));
      for (Index choice = 0; choice < dimension(k); ++choice) {
        const Index only = base << k | choice;  // index, if the part has one entry
        if (part.size() == 1 && (only < first || only >= last)) continue;
        enumerators_[choice]->costs(base, part);
#pragma omp parallel for schedule(static)
        for (std::size_t i = 0; i < part.size(); ++i) {
          const Index w = (base + i) << k | choice;
          if (w >= first && w < last) out[w - first] = part[i];
        }
      }
    }
  }

  std::optional<Score> train_score(Index w) const override {
    return reference_score(network_, data_.train, w);
  }
  std::optional<Score> test_score(Index w) const override {
    if (data_.test.size() == 0) return std::nullopt;
    return reference_score(network_, data_.test, w);
  }

 private:
  Network network_;
  DataSplit data_;
  std::vector<std::unique_ptr<Enumerator>> enumerators_;  // one per choice
};

class TableProblem : public BareProblem {
 public:
  explicit TableProblem(const std::string& path) : file_(path) {}

  int bits() const override { return std::countr_zero(file_.size()); }
  std::string data_sha256() const override { return file_.sha256(); }
  void costs(Index first, std::span<double> out) const override { file_.read(first, out); }

 private:
  TableFile file_;
};

}  // namespace

DataSplit load_data(const ProblemOptions& options) {
  if (options.kind == ProblemKind::images || options.kind == ProblemKind::gaussian)
    network_bits(options);  // throws before any loading
  switch (options.kind) {
    case ProblemKind::gaussian:
      for (const int samples : {options.train_samples, options.test_samples})
        if (samples < 1)
          throw InputError(
              fmt::format("{} samples of the gaussian problem; allowed: at least 1", samples));
      return {make_gaussian(options.seed, Stream::training_data,
                            static_cast<std::size_t>(options.train_samples)),
              make_gaussian(options.seed, Stream::test_data,
                            static_cast<std::size_t>(options.test_samples))};
    case ProblemKind::images:
      return load_images(options);
    case ProblemKind::csv:
      return load_csv(options);
    case ProblemKind::table:
    case ProblemKind::synthetic:
      break;
  }
  return {};
}

std::vector<DecodedValue> BareProblem::decode(Index w) const {
  std::vector<DecodedValue> bits;
  for (int q = this->bits() - 1; q >= 0; --q)
    bits.push_back({fmt::format("bit[{}]", this->bits() - 1 - q), fmt::format("{}", bit(w, q))});
  return bits;
}

void Problem::evaluate(std::span<const BitString> strings, std::span<double> out) const {
  for (std::size_t i = 0; i < strings.size(); ++i) costs(strings[i].index(), out.subspan(i, 1));
}

void Problem::slice(const IndexMap& map, std::span<double> out) const {
  // Blocks of consecutive states, as large as the slice allows. Qubits below `bits` vary within a
  // block, the others between blocks.
  constexpr int least = 12, most = 17;
  Index local = 0;
  for (const int q : map.qubit_of_slot) local |= dimension(q);
  const int bits = std::min(std::clamp(std::countr_one(local), least, most), this->bits());
  const Index inside = dimension(bits) - 1;

  IndexMap entry_of{{}, map.base & inside}, place_of;         // of the k-th used entry of a block
  IndexMap first_of{{}, map.base & ~inside}, first_place_of;  // of the k-th block
  for (int slot = 0; slot < map.slots(); ++slot) {
    const int q = map.qubit_of_slot[static_cast<std::size_t>(slot)];
    (q < bits ? entry_of : first_of).qubit_of_slot.push_back(q);
    (q < bits ? place_of : first_place_of).qubit_of_slot.push_back(slot);
  }
  std::vector<Index> entries(dimension(entry_of.slots())), places(entries.size());
  for (Index k = 0; k < entries.size(); ++k) {
    entries[k] = entry_of(k);
    places[k] = place_of(k);
  }
  AlignedVector<double> block(dimension(bits));
  for (Index b = 0; b < dimension(first_of.slots()); ++b) {
    costs(first_of(b), block);
    double* const part = out.data() + first_place_of(b);
#pragma omp parallel for schedule(static)
    for (Index k = 0; k < entries.size(); ++k) part[places[k]] = block[entries[k]];
  }
}

int network_bits(const ProblemOptions& options, std::vector<std::string>* remarks) {
  switch (options.kind) {
    case ProblemKind::gaussian:
      return Network(options, 2).bits();
    case ProblemKind::images:
      // More than 64 pixels are too many bits for any network.
      return Network(options, std::min(options.side, 100) * std::min(options.side, 100)).bits();
    case ProblemKind::csv: {
      DataSplit data = load_csv(options);
      if (remarks) *remarks = std::move(data.remarks);
      return Network(options, data.train.inputs).bits();
    }
    case ProblemKind::synthetic:
      return options.qubits;
    case ProblemKind::table:
      break;
  }
  return 0;
}

std::unique_ptr<Problem> make_problem(const ProblemOptions& options) {
  if (options.kind == ProblemKind::table) return std::make_unique<TableProblem>(options.table);
  if (options.kind == ProblemKind::synthetic)
    return make_synthetic_problem(synthetic_couplings(options.qubits, options.seed));
  SampleMemory memory;
  return make_problem(options, load_data(options), memory);
}

std::unique_ptr<Problem> make_problem(const ProblemOptions& options, DataSplit data,
                                      SampleMemory& memory) {
  if (!has_networks(options)) return make_problem(options);
  Network network(options, data.train.inputs);
  return std::make_unique<NetworkProblem>(std::move(network), std::move(data), memory);
}

}  // namespace qhn
