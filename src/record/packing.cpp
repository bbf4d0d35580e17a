#include "record/packing.hpp"

#include "core/bytes.hpp"

namespace qhn {
namespace {

template <class Archive, class History>
void visit_history(Archive& archive, History& h) {
  for_each_history_field([&](const char*, auto field) { archive(h.*field); });
}

// One list of fields, for packing and unpacking.
template <class Archive, class Result>
void visit_result(Archive& archive, Result& r) {
  archive(r.id, r.seed, r.status, r.expectation, r.gap, r.gradient_norm, r.iterations,
          r.evaluations, r.best_string, r.best_probability, r.best_cost, r.expectation_crossings,
          r.string_crossings, r.angles, r.oracle);
  visit_history(archive, r.history);
  archive(r.scored, r.scores.test_expectation, r.scores.best_test_cost, r.scores.best_accuracy,
          r.scores.best_test_accuracy);
}

template <class Archive, class Record>
void visit_record(Archive& archive, Record& r) {
  visit_result(archive, r.result);
  archive(r.cost.seconds, r.cost.cpu_seconds, r.cost.joules, r.cost.host);
}

template <class Archive, class Checkpoint>
void visit_checkpoint(Archive& archive, Checkpoint& c) {
  archive(c.id, c.iterations, c.expectation_crossings, c.string_crossings, c.optimizer, c.seconds,
          c.cpu_seconds);
  visit_history(archive, c.history);
}

template <class Archive, class Run>
void visit_run(Archive& archive, Run& r) {
  archive(r.run, r.restarts, r.pue, r.grams_per_kwh, r.meter_seconds, r.remarks);
}

template <class Archive, class Phase>
void visit_phase(Archive& archive, Phase& p) {
  archive(p.phase, p.host, p.method, p.scope, p.nodes, p.seconds, p.joules, p.uncertainty,
          p.net_joules, p.net_uncertainty, p.tick, p.flops, p.bytes, p.exchanged, p.times);
}

}  // namespace

std::vector<std::byte> pack(std::span<const RestartRecord> records) {
  std::vector<std::byte> bytes;
  bytes.reserve(512 * records.size());  // most need less
  ByteWriter writer(bytes);
  for (const RestartRecord& record : records) visit_record(writer, record);
  return bytes;
}

std::vector<RestartRecord> unpack(std::span<const std::byte> bytes) {
  std::vector<RestartRecord> records;
  ByteReader reader(bytes);
  while (!reader.done()) visit_record(reader, records.emplace_back());
  return records;
}

std::vector<std::byte> pack(const RestartResult& result) {
  std::vector<std::byte> bytes;
  bytes.reserve(512);
  ByteWriter writer(bytes);
  visit_result(writer, result);
  return bytes;
}

std::vector<std::byte> pack(const RestartCheckpoint& checkpoint) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  visit_checkpoint(writer, checkpoint);
  return bytes;
}

RestartCheckpoint unpack_checkpoint(std::span<const std::byte> bytes) {
  RestartCheckpoint checkpoint;
  ByteReader reader(bytes);
  visit_checkpoint(reader, checkpoint);
  if (!reader.done()) throw RunError("packed records are damaged");
  return checkpoint;
}

std::vector<std::byte> pack(const RunEnergy& energy) {
  std::vector<std::byte> bytes;
  ByteWriter writer(bytes);
  visit_run(writer, energy);
  for (const PhaseEnergy& phase : energy.phases) visit_phase(writer, phase);
  return bytes;
}

RunEnergy unpack_energy(std::span<const std::byte> bytes) {
  RunEnergy energy;
  ByteReader reader(bytes);
  visit_run(reader, energy);
  while (!reader.done()) visit_phase(reader, energy.phases.emplace_back());
  return energy;
}

}  // namespace qhn
