using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Probing;

namespace Amalgam.Catalogue.Detecting;

/// <summary>Turns a failed command into a reason and an action.</summary>
internal static class FailureReason
{
    /// <summary>What every tool may say; the recipe's own patterns come first.</summary>
    private static readonly FailurePattern[] General =
    [
        new("permission denied|operation not permitted|access denied|not (enough|sufficient) permission|EACCES",
            "this user may not use the device", "run as a user of the device's group (often video or render), or pass the device into the container"),
        new("error while loading shared libraries|cannot open shared object|library not found",
            "a library of the driver package is missing", "install the driver's user-space libraries, or mount them into the container"),
        new("version mismatch",
            "the driver's kernel module and its libraries have different versions", "reboot, or install the same version of both"),
        new("no (such )?devices?( were)?( found)?|device not found|no (gpu|npu|mlu|card)s? (were )?(found|detected)",
            "it finds no device", "check that the card is seated and passed through to this machine"),
        new("driver.*(not (loaded|running|installed|found))|(load|open|init\\w*) driver|can(no|')t open.*driver",
            "the driver is not loaded", "load or reinstall the kernel driver"),
    ];

    public static (string Reason, string Action) Of(DetectionTool tool, CommandResult result, TimeSpan timeout)
    {
        if (result.StartFailure is { } failure)
        {
            return ($"it cannot be started: {failure}", "reinstall the tool or correct its permissions");
        }
        var said = result.Error + "\n" + result.Output;
        if (Known(tool.Failures.Concat(General), said) is { } known)
        {
            return known;
        }
        return result.TimedOut
            ? ($"it gave no answer within {timeout.TotalSeconds:0} s", "the driver may hang: look at the kernel log (dmesg) and reset or reboot")
            : ($"it ended with code {result.ExitCode}: {FirstLine(said)}", $"run \"{string.Join(' ', tool.Command)}\" by hand and mend what it says");
    }

    /// <summary>Some tools say that they failed and still end with code 0; only the recipe's own messages count then.</summary>
    public static (string Reason, string Action)? Admitted(DetectionTool tool, CommandResult result) =>
        Known(tool.Failures, result.Error + "\n" + result.Output);

    private static (string Reason, string Action)? Known(IEnumerable<FailurePattern> patterns, string said) =>
        patterns.FirstOrDefault(pattern => ToolOutput.Contains(said, pattern.Match)) is { } found ? (found.Reason, found.Action) : null;

    public static string FirstLine(string text)
    {
        var line = text.Split('\n').Select(part => part.Trim()).FirstOrDefault(part => part.Length > 0) ?? "it printed nothing";
        return line.Length <= 200 ? line : line[..200] + "…";
    }
}
