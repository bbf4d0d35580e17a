// The dense kernels of the cut engine against plain loops: every SIMD level, tiles narrower than a
// vector and wider than a block, any number of terms, tiles in the middle of a table.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/aligned.hpp"
#include "core/random.hpp"
#include "core/simd.hpp"
#include "engine/amplitude_kernels.hpp"
#include "engine/branch_kernels.hpp"
#include "engine/tile_kernels.hpp"

namespace qhn {
namespace {

template <class T>
class Contract : public testing::Test {
 protected:
  ~Contract() override { force_simd_level(available_simd_levels().back()); }

  AlignedVector<T> numbers(std::size_t count) {
    AlignedVector<T> values(count);
    for (T& v : values) v = static_cast<T>(2.0 * rng_.uniform() - 1.0);
    return values;
  }
  /// Equal but for rounding of a sum of some hundred products below 1.
  static void expect_close(const AlignedVector<T>& found, const AlignedVector<T>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      ASSERT_NEAR(found[i], expected[i], sizeof(T) == 4 ? 1e-4 : 1e-12) << i;
  }
  template <class Body>
  void at_every_level(Body body) {
    for (const SimdLevel level : available_simd_levels()) {
      force_simd_level(level);
      SCOPED_TRACE(to_string(level));
      body();
    }
  }
  CounterRng rng_{2, Stream::synthetic, 0};
};
using Types = testing::Types<double, float>;
TYPED_TEST_SUITE(Contract, Types);

struct Shape {
  Index rows, columns, all_columns;  // of the tile, and of the table it lies in
  int terms;
};
constexpr Shape shapes[] = {{1, 1, 1, 1},      {2, 1, 4, 2},     {1, 2, 2, 3},
                            {4, 4, 8, 1},      {2, 8, 8, 4},     {8, 8, 32, 5},
                            {16, 16, 16, 9},   {16, 32, 64, 3},  {4, 64, 64, 16},
                            {16, 256, 512, 4}, {1, 256, 256, 7}, {16, 128, 128, 2}};

TYPED_TEST(Contract, ReductionsAreSumsOfProducts) {
  using T = TypeParam;
  for (const Shape& s : shapes)
    for (const Index first : {Index{0}, Index{s.rows}, Index{3 * s.rows}}) {
      const Index all_rows = 4 * s.rows;
      const auto terms = static_cast<Index>(s.terms);
      const auto m = this->numbers(s.rows * s.all_columns);
      const auto v = this->numbers(terms * all_rows), w = this->numbers(terms * s.all_columns);
      const auto x0 = this->numbers(terms * all_rows), y0 = this->numbers(terms * s.all_columns);
      auto x1 = x0, y1 = y0;
      AlignedVector<T> product(s.rows * s.columns, T{0}), m1 = m;
      for (Index k = 0; k < terms; ++k)
        for (Index r = 0; r < s.rows; ++r)
          for (Index c = 0; c < s.columns; ++c) {
            x1[k * all_rows + first + r] += m[r * s.all_columns + c] * w[k * s.all_columns + c];
            y1[k * s.all_columns + c] += m[r * s.all_columns + c] * v[k * all_rows + first + r];
            product[r * s.columns + c] += v[k * all_rows + first + r] * w[k * s.all_columns + c];
          }
      for (Index r = 0; r < s.rows; ++r)
        std::copy_n(product.begin() + static_cast<std::ptrdiff_t>(r * s.columns), s.columns,
                    m1.begin() + static_cast<std::ptrdiff_t>(r * s.all_columns));
      this->at_every_level([&] {
        const Tile<T> tile{first, s.rows, s.columns, s.all_columns};
        auto x = x0, y = y0, made = m;
        reduce_columns(tile, m.data(), s.terms, w.data(), s.all_columns, x.data(), all_rows);
        this->expect_close(x, x1);
        reduce_rows(tile, m.data(), s.terms, v.data(), all_rows, y.data(), s.all_columns);
        this->expect_close(y, y1);
        expand(tile, s.terms, v.data(), all_rows, w.data(), s.all_columns, made.data());
        this->expect_close(made, m1);  // and nothing beside the tile
      });
    }
}

TYPED_TEST(Contract, StatesOfBranchesAreWeighed) {
  using T = TypeParam;
  for (const Shape& s : shapes) {
    const int branches = s.terms;
    const auto planes = static_cast<Index>(2 * branches);
    const Index all_rows = 2 * s.rows, first = s.rows;
    const auto a = this->numbers(planes * all_rows), b = this->numbers(planes * s.all_columns);
    const auto cost = this->numbers(s.rows * s.all_columns);
    AlignedVector<T> expected(2 * s.rows * s.columns, T{0});
    for (Index r = 0; r < s.rows; ++r)
      for (Index c = 0; c < s.columns; ++c) {
        Complex sum = 0.0;
        for (Index k = 0; k < planes; k += 2)
          sum += Complex(a[k * all_rows + first + r], a[(k + 1) * all_rows + first + r]) *
                 Complex(b[k * s.all_columns + c], b[(k + 1) * s.all_columns + c]);
        sum *= cost[r * s.all_columns + c];
        expected[2 * r * s.columns + c] = static_cast<T>(sum.real());
        expected[(2 * r + 1) * s.columns + c] = static_cast<T>(sum.imag());
      }
    this->at_every_level([&] {
      AlignedVector<T> rows(2 * planes * all_rows, T{0}), psi(expected.size(), T{7});
      interleave(a.data(), branches, all_rows, all_rows, rows.data(), 2 * all_rows);
      expand_weighted({first, s.rows, s.columns, s.all_columns}, cost.data(), branches, rows.data(),
                      2 * all_rows, b.data(), s.all_columns, psi.data());
      this->expect_close(psi, expected);
    });
  }
}

TYPED_TEST(Contract, AmplitudesAreTakenElementByElement) {
  using T = TypeParam;
  for (const Index length : {1, 2, 4, 8, 32, 256})
    for (const int branches : {1, 2, 3, 4, 8}) {
      const auto b = static_cast<Index>(branches);
      const auto planes = this->numbers(2 * b * length);
      const auto amplitude = [&](Index k, Index x) {
        return Complex(planes[2 * k * length + x], planes[(2 * k + 1) * length + x]);
      };
      // Pair products: first the diagonal, then the pairs k < l.
      AlignedVector<T> products(b * b * length);
      std::vector<std::pair<Index, Index>> pairs;
      for (Index k = 0; k < b; ++k)
        for (Index l = k + 1; l < b; ++l) pairs.emplace_back(k, l);
      for (Index x = 0; x < length; ++x) {
        for (Index k = 0; k < b; ++k)
          products[k * length + x] = static_cast<T>(std::norm(amplitude(k, x)));
        for (std::size_t p = 0; p < pairs.size(); ++p) {
          const Complex z = std::conj(amplitude(pairs[p].first, x)) * amplitude(pairs[p].second, x);
          products[(b + 2 * p) * length + x] = static_cast<T>(z.real());
          products[(b + 2 * p + 1) * length + x] = static_cast<T>(z.imag());
        }
      }
      // A Hermitian matrix in those rows, applied.
      const auto h = this->numbers(b * b * length);
      AlignedVector<T> applied(2 * b * length);
      double expectation = 0.0;
      for (Index x = 0; x < length; ++x) {
        std::vector<Complex> sum(b);
        for (Index k = 0; k < b; ++k)
          sum[k] = static_cast<double>(h[k * length + x]) * amplitude(k, x);
        for (std::size_t p = 0; p < pairs.size(); ++p) {
          const Complex z(h[(b + 2 * p) * length + x], h[(b + 2 * p + 1) * length + x]);
          sum[pairs[p].first] += z * amplitude(pairs[p].second, x);
          sum[pairs[p].second] += std::conj(z) * amplitude(pairs[p].first, x);
        }
        for (Index k = 0; k < b; ++k) {
          applied[2 * k * length + x] = static_cast<T>(sum[k].real());
          applied[(2 * k + 1) * length + x] = static_cast<T>(sum[k].imag());
          expectation += (std::conj(amplitude(k, x)) * sum[k]).real();
        }
      }
      // Sums of real products, gathered.
      const auto sums = this->numbers(4 * b * length);
      AlignedVector<T> gathered(2 * b * length);
      double total = 0.0;
      for (Index x = 0; x < length; ++x)
        for (Index k = 0; k < b; ++k) {
          const T* with_re = sums.data() + 4 * k * length + 2 * x;
          const T* with_im = with_re + 2 * length;
          const Complex z(with_re[0] + with_im[1], with_re[1] - with_im[0]);
          gathered[2 * k * length + x] = static_cast<T>(z.real());
          gathered[(2 * k + 1) * length + x] = static_cast<T>(z.imag());
          total += (std::conj(amplitude(k, x)) * z).real();
        }
      const double close = sizeof(T) == 4 ? 1e-3 : 1e-11;
      this->at_every_level([&] {
        AlignedVector<T> out(products.size(), T{7});
        pair_products(planes.data(), branches, length, length, out.data());
        this->expect_close(out, products);
        AlignedVector<T> lambda(2 * b * length, T{7});
        EXPECT_NEAR(apply_pairs(h.data(), planes.data(), branches, length, length, lambda.data()),
                    expectation, close);
        this->expect_close(lambda, applied);
        std::fill(lambda.begin(), lambda.end(), T{7});
        EXPECT_NEAR(
            gather(sums.data(), 2 * length, planes.data(), branches, length, length, lambda.data()),
            total, close);
        this->expect_close(lambda, gathered);
      });
    }
}

TYPED_TEST(Contract, RowsAreWeighedAddedAndSearched) {
  using T = TypeParam;
  for (const Index length : {1, 2, 4, 8, 16, 64, 1024}) {
    const auto cost = this->numbers(length + 1);  // of any alignment
    const auto re = this->numbers(length), im = this->numbers(length);
    double sum = 0.0;
    AlignedVector<T> square(length), scaled_re(length), scaled_im(length);
    for (Index x = 0; x < length; ++x) {
      square[x] = re[x] * re[x] + im[x] * im[x];
      scaled_re[x] = cost[x + 1] * re[x];
      scaled_im[x] = cost[x + 1] * im[x];
      sum += static_cast<double>(cost[x + 1]) * static_cast<double>(square[x]);
    }
    for (const Index parts : {1, 2, 3, 7}) {
      const Index stride = std::max<Index>(length, 16);
      const auto all = this->numbers(parts * stride);
      AlignedVector<T> added(all.begin(), all.end());
      for (Index p = 1; p < parts; ++p)
        for (Index x = 0; x < length; ++x) added[x] += all[p * stride + x];
      this->at_every_level([&] {
        auto found = all;
        add_parts(found.data(), parts, stride, length);
        this->expect_close(found, added);
      });
    }
    this->at_every_level([&] {
      EXPECT_NEAR(weighted_norm(cost.data() + 1, re.data(), im.data(), length), sum,
                  sizeof(T) == 4 ? 1e-3 : 1e-11);
      auto a = re, b = im;
      scale_pair(cost.data() + 1, length, a.data(), b.data());
      this->expect_close(a, scaled_re);
      this->expect_close(b, scaled_im);
      a = re;
      norms(a.data(), im.data(), length);
      this->expect_close(a, square);
      for (Index place = 0; place < length; place += std::max<Index>(1, length / 8 - 1)) {
        a = re;
        a[place] = T{2};
        EXPECT_EQ(largest(a.data(), length), T{2}) << place;
        std::fill(a.begin(), a.end(), T{-3});
        a[place] = T{-2};
        EXPECT_EQ(largest(a.data(), length), T{-2}) << place;
      }
      a = re;
      a[length - 1] = T{2};
      EXPECT_EQ(largest(a.data(), length), T{2});
    });
  }
}

}  // namespace
}  // namespace qhn
