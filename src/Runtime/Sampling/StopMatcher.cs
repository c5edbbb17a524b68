using System.Text;

namespace Amalgam.Runtime.Sampling;

/// <summary>
/// Ends an answer at the first of some texts, which may be spread over several tokens. Text that could still become a stop text is held back, so
/// that no part of one is ever shown.
/// </summary>
public sealed class StopMatcher(IReadOnlyList<string> stops)
{
    private readonly StringBuilder held = new();

    /// <summary>A stop text was found; nothing more comes out.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes new text in; gives what may be shown now.</summary>
    public string Push(string text)
    {
        if (stops.Count == 0 || Stopped)
        {
            return Stopped ? "" : text;
        }

        held.Append(text);
        var all = held.ToString();
        held.Clear();
        var end = FirstStop(all);
        if (end >= 0)
        {
            Stopped = true;
            return all[..end];
        }

        var keep = LongestBeginning(all);
        held.Append(all, all.Length - keep, keep);
        return all[..^keep];
    }

    /// <summary>The answer ended otherwise: what was held back is text after all.</summary>
    public string Flush()
    {
        var rest = held.ToString();
        held.Clear();
        return rest;
    }

    private int FirstStop(string text)
    {
        var first = -1;
        foreach (var stop in stops)
        {
            var index = text.IndexOf(stop, StringComparison.Ordinal);
            first = index >= 0 && (first < 0 || index < first) ? index : first;
        }

        return first;
    }

    private int LongestBeginning(string text)
    {
        var longest = 0;
        foreach (var stop in stops)
        {
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }
}
