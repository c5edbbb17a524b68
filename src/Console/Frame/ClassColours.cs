namespace Amalgam.Pages.Frame;

/// <summary>
/// One of eight colours for each chip class, the same on every page while the server runs. The names are always written beside them: colour alone tells nothing.
/// </summary>
public static class ClassColours
{
    public const int Count = 8;
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, int> Known = new(StringComparer.Ordinal);

    /// <summary>In the order in which the stock lists them, so that a restart does not shuffle them.</summary>
    public static void Learn(IEnumerable<string> classes)
    {
        foreach (var name in classes)
        {
            Of(name);
        }
    }

    /// <summary>0 to 7.</summary>
    public static int Of(string? chipClass)
    {
        var name = (chipClass ?? "").Replace(" (simulated)", "", StringComparison.Ordinal);
        lock (Gate)
        {
            if (!Known.TryGetValue(name, out var index))
            {
                // Bounded: names reach this from the API alone, yet nothing may grow for ever.
                index = Known.Count % Count;
                if (Known.Count < 10_000)
                {
                    Known[name] = index;
                }
            }

            return index;
        }
    }
}
