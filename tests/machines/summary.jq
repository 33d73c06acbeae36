# What `numabench topology --json` says of a machine, a line for each thing, for expectations.
def or_dash: if . == null or . == "" then "-" else tostring end;
def range_list: # [0,1,2,5] as 0-2,5
    reduce .[] as $i ([]; if length > 0 and .[-1][1] == $i - 1 then .[-1][1] = $i else . + [[$i, $i]] end)
    | map(if .[0] == .[1] then "\(.[0])" else "\(.[0])-\(.[1])" end) | join(",");
.topology
| (.nodes[]
    | "node \(.id) \(.kind) package \(.package | or_dash) cpus \(.cpus | or_dash) cores \(.cores | length)"
      + (if .allowed_cpus != .cpus then " allowed-cpus \(.allowed_cpus | or_dash)" else "" end)
      + " memory \(.memory_bytes | or_dash)"
      + (if .allowed then "" else " not-allowed" end)
      + (.caches | group_by(.level)
          | map(" L\(.[0].level) \(length) x \(.[0].bytes)") | join("")),
    if (.cores | length) > 0 and (.cores | length) <= 8 and ([.cores[] | test("[,-]")] | any)
    then "cores \(.id): \(.cores | join(" "))" else empty end),
  (.distances // empty | .nodes as $n | .matrix | to_entries[]
    | "distances \($n[.key]): \(.value | join(" "))"),
  (.gpus[]
    | "gpu \(.index) \(.pci) node \(.declared_node.sysfs | or_dash) \(.state)"
      + (if .render_node then " \(.render_node)" else "" end)
      + (.link | if .gen then " link gen \(.gen) x\(.width) of gen \(.max_gen) x\(.max_width), mps \(.mps)" else "" end)
      + (if .own_memory_node != null then " own-memory \(.own_memory_node)" else "" end)
      + (if (.name // "") != "" then " \(.name)" else "" end)),
  # Rows that are alike are one line.
  (.gpu_paths // [] | to_entries | map({ i: .key, row: (.value | to_entries | map(select(.value != "X") | .value) | unique | join(" ")),
        all: (.value | map(if . == "" then "-" else . end) | join(" ")) })
    | if length > 4 and ([.[].row] | unique | length) == 1
      then "paths \([.[].i] | range_list): \(.[0].row)" else .[] | "paths \(.i): \(.all)" end),
  (.devices[] | "\(.kind) \(.name) \(.pci | or_dash) node \(.node | or_dash)")
