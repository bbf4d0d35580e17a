#include "engine/measure.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "core/chunks.hpp"

namespace qhn {
namespace {

constexpr Index block = 4096;  // amplitudes whose probabilities are summed first
constexpr std::uint64_t batch = std::uint64_t{1} << 22;  // shots at a time: 64 MiB of numbers
constexpr std::uint64_t bucket_size = 64, most_buckets = std::uint64_t{1} << 16;

Counts sum_of(const Counts& a, const Counts& b) {
  Counts merged, sum;
  merged.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged));
  for (const auto& [w, count] : merged)
    if (!sum.empty() && sum.back().first == w)
      sum.back().second += count;
    else
      sum.emplace_back(w, count);
  return sum;
}

}  // namespace

void measurable_state(Engine& engine, std::span<const double> angles, std::span<Complex> state) {
  if (AmplitudeSource* amplitudes = engine.amplitudes()) return amplitudes->state(angles, state);
  // The probabilities first fill the front half; from the end on, each is read before it is
  // written.
  const std::span<double> p(reinterpret_cast<double*>(state.data()), state.size());
  engine.probabilities()->probabilities(angles, p);
  for (Index w = state.size(); w-- > 0;) state[w] = std::sqrt(std::max(p[w], 0.0));
}

std::vector<double> sorted_uniforms(const CounterRng& rng, std::uint64_t first, std::uint64_t count,
                                    int threads) {
  const std::uint64_t buckets =
      std::bit_ceil(std::clamp<std::uint64_t>(count / bucket_size, 1, most_buckets));
  const auto bucket_of = [&](double u) {
    return static_cast<std::size_t>(u * static_cast<double>(buckets));
  };
  std::vector<double> drawn(count), sorted(count);
  // to[p · buckets + b]: where part p writes its next number of bucket b.
  const Chunks parts(count, bucket_size, static_cast<Index>(threads));
  std::vector<std::uint64_t> to(parts.count * buckets, 0);
  for_chunks(parts, threads, [&](Index p) {
    CounterRng own = rng.from(first + parts.begin(p));
    for (Index i = parts.begin(p); i < parts.end(p); ++i) {
      drawn[i] = own.uniform();
      ++to[p * buckets + bucket_of(drawn[i])];
    }
  });
  std::uint64_t before = 0;
  for (std::uint64_t b = 0; b < buckets; ++b)
    for (Index p = 0; p < parts.count; ++p) before += std::exchange(to[p * buckets + b], before);
  for_chunks(parts, threads, [&](Index p) {
    for (Index i = parts.begin(p); i < parts.end(p); ++i)
      sorted[to[p * buckets + bucket_of(drawn[i])]++] = drawn[i];
  });
  // The last part's positions are now the ends of the buckets.
  const std::uint64_t* end_of = to.data() + (parts.count - 1) * buckets;
  const Chunks shares(buckets, 1, static_cast<Index>(threads));
  for_chunks(shares, threads, [&](Index share) {
    for (Index b = shares.begin(share); b < shares.end(share); ++b)
      std::sort(sorted.data() + (b == 0 ? 0 : end_of[b - 1]), sorted.data() + end_of[b]);
  });
  return sorted;
}

template <class T>
MeasuredPart<T>::MeasuredPart(const T* re, const T* im, Index stride, Index size, int threads)
    : re_(re),
      im_(im),
      stride_(stride),
      size_(size),
      threads_(threads),
      before_((size + block - 1) / block + 1, 0.0) {
  const Chunks chunks(before_.size() - 1, 1, static_cast<Index>(threads));
  for_chunks(chunks, threads, [&](Index chunk) {
    for (Index b = chunks.begin(chunk); b < chunks.end(chunk); ++b) {
      double sum = 0.0;
      for (Index i = b * block; i < std::min((b + 1) * block, size_); ++i) sum += probability(i);
      before_[b + 1] = sum;
    }
  });
  for (Index b = 1; b < before_.size(); ++b) before_[b] += before_[b - 1];
}

template <class T>
double MeasuredPart<T>::probability(Index i) const {
  const double re = re_[i * stride_], im = im_[i * stride_];
  return re * re + im * im;
}

// Appends the counts of the amplitudes [first, last), whose cumulative probabilities go from
// `begin` to `end`. `points` are sorted and in units of the norm.
template <class T>
void MeasuredPart<T>::locate(Index first, Index last, double begin, double end, double norm,
                             std::span<const double> points, Counts& counts) const {
  const auto beyond = [&](double x) {
    return std::partition_point(points.begin(), points.end(),
                                [&](double p) { return p * norm < x; });
  };
  auto point = beyond(begin);
  const auto stop = beyond(end);
  double cumulative = begin;
  Index likely = first;
  for (Index i = first; i < last && point != stop; ++i) {
    if (probability(i) == 0.0) continue;
    cumulative += probability(i);
    likely = i;
    const auto hit = point;
    while (point != stop && *point * norm < cumulative) ++point;
    if (point != hit) counts.emplace_back(i, point - hit);
  }
  if (point == stop) return;
  if (counts.empty() || counts.back().first != likely) counts.emplace_back(likely, 0);
  counts.back().second += static_cast<std::uint64_t>(stop - point);
}

template <class T>
Counts MeasuredPart<T>::measure(std::uint64_t shots, const CounterRng& rng, double norm,
                                double begin, double end) const {
  const Index blocks = before_.size() - 1;
  const auto begin_of = [&](Index b) { return b == blocks ? end : begin + before_[b]; };
  const Chunks chunks(blocks, 1, static_cast<Index>(threads_));
  Counts counts;
  std::vector<Counts> parts(chunks.count);
  for (std::uint64_t shot = 0; shot < shots; shot += batch) {
    const auto points = sorted_uniforms(rng, shot, std::min(batch, shots - shot), threads_);
    for (Counts& part : parts) {  // allocate here: an exception must not leave the threads
      part.clear();
      part.reserve(std::min<std::size_t>(points.size(), (blocks / chunks.count + 1) * block));
    }
    for_chunks(chunks, threads_, [&](Index chunk) {
      for (Index b = chunks.begin(chunk); b < chunks.end(chunk); ++b)
        locate(b * block, std::min((b + 1) * block, size_), begin_of(b), begin_of(b + 1), norm,
               points, parts[chunk]);
    });
    Counts here;
    for (const Counts& part : parts) here.insert(here.end(), part.begin(), part.end());
    counts = counts.empty() ? std::move(here) : sum_of(counts, here);
  }
  return counts;
}

template class MeasuredPart<double>;
template class MeasuredPart<float>;

Counts measure(std::span<const Complex> amplitudes, std::uint64_t shots, const CounterRng& rng,
               int threads) {
  const auto* re = reinterpret_cast<const double*>(amplitudes.data());
  const MeasuredPart<double> all(re, re + 1, 2, amplitudes.size(), threads);
  return all.measure(shots, rng, all.probability(), 0.0, std::numeric_limits<double>::infinity());
}

Counts measure(std::span<const Complex> amplitudes, std::uint64_t shots, std::uint64_t seed,
               int threads) {
  return measure(amplitudes, shots, CounterRng(seed, Stream::shots, 0), threads);
}

}  // namespace qhn
