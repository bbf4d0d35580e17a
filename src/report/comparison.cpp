#include "report/comparison.hpp"

#include "report/comparison_input.hpp"
#include "report/comparison_tables.hpp"
#include "report/comparison_text.hpp"

namespace qhn {

Comparison compare(std::span<const CampaignFile> campaigns, const ComparisonOptions& options) {
  const ComparisonInput input = read_comparison_input(campaigns, options);
  Comparison all;
  all.introduction = comparison_introduction(input);
  for (const ComparedMethod& m : input.methods)
    for (const InstanceResult& i : m.instances)
      all.references.push_back({i.campaign->name, to_string(i.campaign->table.reference.kind),
                                i.campaign->table.reference.cost, i.epsilon});
  all.tables = comparison_tables(input);
  all.remarks = break_even_remarks(input, all.tables);
  for (std::string& remark : comparison_remarks(input)) all.remarks.push_back(std::move(remark));
  return all;
}

}  // namespace qhn
