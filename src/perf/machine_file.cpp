#include "perf/machine_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "record/toml_reader.hpp"

namespace qhn {
namespace {

void read_positive(TomlReader& reader, const std::string& key, double& out,
                   const std::string& what) {
  reader.require(key, what);
  reader.read(key, out, is_positive, "a positive number: " + what);
}

void read_curve(TomlReader& reader, const std::string& key, const std::vector<double>& qubits,
                const std::string& points, Curve& out) {
  reader.require(key, "a number for each entry of " + points);
  reader.read(key, out.values);
  out.qubits = qubits;
  if (out.values.size() != qubits.size() ||
      !std::all_of(out.values.begin(), out.values.end(), is_positive))
    reader.fail(key, fmt::format("found [{}]; allowed: a positive number for each entry of {}",
                                 fmt::join(out.values, ", "), points));
}

std::vector<double> read_points(TomlReader& reader, const std::string& key) {
  std::vector<double> qubits;
  reader.require(key, "ascending numbers of qubits");
  reader.read(key, qubits);
  if (qubits.empty() ||
      std::adjacent_find(qubits.begin(), qubits.end(), std::greater_equal<>()) != qubits.end())
    reader.fail(key, fmt::format("found [{}]; allowed: ascending numbers of qubits",
                                 fmt::join(qubits, ", ")));
  return qubits;
}

void read_shares(TomlReader& reader, Shares& out) {
  const std::vector<double> qubits = read_points(reader, "share_qubits");
  for (std::size_t k = 0; k < kernels; ++k)
    read_curve(reader, to_string(static_cast<Kernel>(k)), qubits, "share_qubits", out[k]);
}

void read_cores(TomlReader reader, CoreRates& out) {
  read_positive(reader, "fma", out.fma, "flops/s");
  read_curve(reader, "pass", read_points(reader, "pass_qubits"), "pass_qubits", out.pass);
  read_shares(reader, out.share);
  reader.finish();
}

void read_link(TomlReader reader, std::optional<Link>& out) {
  if (!reader.has("latency") && !reader.has("bandwidth")) {
    reader.finish();
    return;
  }
  out.emplace();
  reader.require("latency", "s");
  reader.read("latency", out->latency, is_not_negative, "s, not negative");
  read_positive(reader, "bandwidth", out->bandwidth, "bytes/s in each direction");
  reader.finish();
}

std::string numbers(const std::vector<double>& values) {
  return fmt::format("[{:.4g}]", fmt::join(values, ", "));
}

std::string to_toml(const Shares& shares) {
  std::string out = fmt::format("share_qubits = {}\n", numbers(shares[0].qubits));
  for (std::size_t k = 0; k < kernels; ++k)
    out += fmt::format("{} = {}\n", to_string(static_cast<Kernel>(k)), numbers(shares[k].values));
  return out;
}

std::string to_toml(const char* name, const CoreRates& rates) {
  return fmt::format("\n[{}]\nfma = {:.4g}\npass_qubits = {}\npass = {}\n", name, rates.fma,
                     numbers(rates.pass.qubits), numbers(rates.pass.values)) +
         to_toml(rates.share);
}

std::string to_toml(const char* name, const std::optional<Link>& link) {
  if (!link) return fmt::format("\n# [links.{}]\n# latency = 2e-6\n# bandwidth = 1e10\n", name);
  return fmt::format("\n[links.{}]\nlatency = {:.4g}\nbandwidth = {:.4g}\n", name, link->latency,
                     link->bandwidth);
}

}  // namespace

Machine read_machine(const std::string& path) {
  const toml::table root = parse_toml(path, {});
  TomlReader reader(root);
  Machine m;
  reader.require("name", "the name of the machine");
  reader.read("name", m.name);
  reader.require("source", "where the numbers come from");
  reader.read("source", m.source);
  reader.require("measured", "true if the numbers were measured, false if they were described");
  reader.read("measured", m.measured);
  TomlReader node = reader.table("node");
  node.require("cores", "cores of a node");
  node.read("cores", m.cores, 1, 100000);
  read_positive(node, "memory", m.memory, "bytes of a node");
  node.finish();
  read_cores(reader.table("one_core"), m.one);
  read_cores(reader.table("all_cores"), m.all);
  TomlReader each = reader.table("each_core");
  read_shares(each, m.each);
  each.finish();
  TomlReader links = reader.table("links");
  read_link(links.table("node"), m.node);
  read_link(links.table("network"), m.network);
  links.finish();
  reader.finish();
  return m;
}

std::string to_toml(const Machine& m) {
  std::string out = fmt::format(
      "# A machine for `qhn plan --machine`. Units: bytes, seconds, flops per second.\n"
      "name = \"{}\"\nsource = \"{}\"\nmeasured = {}   # false: described\n"
      "\n[node]\ncores = {}\nmemory = {:.4g}\n"
      "\n# Rates of one core and of all cores of a node. fma: flops/s in registers. pass: bytes/s "
      "of\n"
      "# scaling a state of 2^qubits amplitudes in place. Then, for each kind of evaluation, its "
      "shortest\n"
      "# time by fma and pass, divided by its time.\n",
      m.name, m.source, m.measured, m.cores, m.memory);
  out += to_toml("one_core", m.one) + to_toml("all_cores", m.all) +
         "\n# The same as [one_core], with an independent state on every core.\n[each_core]\n" +
         to_toml(m.each);
  out +=
      "\n# Between ranks that send and receive at the same time; network: total of a node's "
      "ranks.\n";
  return out + to_toml("node", m.node) + to_toml("network", m.network);
}

}  // namespace qhn
