using System.Globalization;
using Amalgam.Contracts;
using Amalgam.Pages.Frame;

namespace Amalgam.Pages.Jobs;

/// <summary>Workloads in few words.</summary>
public static class Work
{
    /// <summary>`2 × 8 h100, a100`</summary>
    public static string Asks(Look look, WorkloadView workload)
    {
        var each = look.N(workload.DevicesPerMember);
        var members = Math.Max(1, workload.Members);
        var where = workload.Chips.Count == 0 ? look.T("any chip") : string.Join(", ", workload.Chips);
        return members == 1 ? $"{each} × {where}" : $"{members} × {each} × {where}";
    }

    /// <summary>The closed list of reasons in a word or two.</summary>
    public static string Reason(Look look, string code) => code switch
    {
        "held" => look.T("held back"),
        "admission" => look.T("not admitted by a rule"),
        "no-such-chip" => look.T("no such chip"),
        "too-large" => look.T("too large for any node"),
        "limit" => look.T("at a limit"),
        "budget" => look.T("out of budget"),
        "guarantee-only" => look.T("beyond its guarantee"),
        "gathering" => look.T("gathering devices"),
        "share" => look.T("beyond its share"),
        "fragmented" => look.T("free devices are scattered"),
        "capacity" => look.T("no device free"),
        "planned-next" => look.T("about to be planned"),
        _ => code,
    };

    public static string Command(WorkloadView workload) => workload.Model is { } model ? model : string.Join(' ', workload.Command ?? []);

    /// <summary>Of what it holds now: devices by class.</summary>
    public static IEnumerable<(string ChipClass, decimal Devices, bool Simulated)> Holds(WorkloadView workload) => workload.Leases.Where(lease => lease.To is null)
        .GroupBy(lease => lease.ChipClass, StringComparer.Ordinal).Select(group => (group.Key, group.Sum(lease => lease.DevicesHeld), group.Any(lease => lease.Simulated)));

    /// <summary>`1-2` of replicas.</summary>
    public static string Replicas(WorkloadView workload) => workload.MinReplicas == workload.MaxReplicas
        ? (workload.MinReplicas ?? 0).ToString(CultureInfo.InvariantCulture) : $"{workload.MinReplicas}–{workload.MaxReplicas}";

    /// <summary>Shell-like words: quotes keep blanks together, a backslash takes the next letter as it is. Null when a quote stays open.</summary>
    public static List<string>? Words(string line)
    {
        List<string> words = [];
        var (word, begun, quote) = (new System.Text.StringBuilder(), false, '\0');
        for (var at = 0; at < line.Length; at++)
        {
            var letter = line[at];
            if (quote == '\0' && char.IsWhiteSpace(letter))
            {
                if (begun)
                {
                    words.Add(word.ToString());
                    (begun, _) = (false, word.Clear());
                }
            }
            else if (letter == '\\' && quote != '\'' && at + 1 < line.Length)
            {
                (begun, _) = (true, word.Append(line[++at]));
            }
            else if (letter == quote)
            {
                quote = '\0';
            }
            else if (quote == '\0' && letter is '"' or '\'')
            {
                (begun, quote) = (true, letter);
            }
            else
            {
                (begun, _) = (true, word.Append(letter));
            }
        }

        if (begun)
        {
            words.Add(word.ToString());
        }

        return quote == '\0' ? words : null;
    }
}
