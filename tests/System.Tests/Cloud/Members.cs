using System.Globalization;

namespace Amalgam.SystemTests.Cloud;

/// <summary>Processes of one lease of one cloud, found the way an administrator would: by their environment.</summary>
public static class Members
{
    public static List<int> Of(RunningCloud cloud, string lease) => [.. Directory.EnumerateDirectories("/proc")
        .Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
        .Where(pid => Environment(pid).Contains($"AMALGAM_LEASE={lease}\0", StringComparison.Ordinal) && Folder(pid).StartsWith(cloud.Folder, StringComparison.Ordinal))];

    private static string Environment(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/environ");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string Folder(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/cwd").LinkTarget ?? "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
