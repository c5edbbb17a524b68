namespace Amalgam.Simulation.Scenarios;

/// <summary>`amalgam scenario run FILE...`: the allocator that runs the cloud, in virtual time, with every law checked.</summary>
public static class ScenarioCommand
{
    /// <param name="json">One JSON object per scenario and line instead of a line for people.</param>
    /// <returns>0 = everything held; 1 = a law or an expectation failed, or a file could not be run; 2 = no file was named.</returns>
    public static int Run(string[] files, bool json, TextWriter output, TextWriter error)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        if (files.Length == 0)
        {
            error.WriteLine("scenario run: no file named; give one or more scenario files");
            return 2;
        }

        var failed = 0;
        foreach (var file in files)
        {
            failed += RunOne(file, json, output, error) ? 0 : 1;
        }

        if (!json)
        {
            output.WriteLine(failed == 0 ? $"{files.Length} held" : $"{files.Length - failed} of {files.Length} held");
        }

        return failed == 0 ? 0 : 1;
    }

    private static bool RunOne(string file, bool json, TextWriter output, TextWriter error)
    {
        try
        {
            var result = ScenarioRunner.Run(ScenarioReader.Read(file, File.ReadAllBytes(file)));
            Report(file, result, json, output);
            return result.Held;
        }
        catch (ScenarioException refused)
        {
            error.WriteLine(refused.Message);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{file}: cannot be read: {unreadable.Message}");
        }

        return false;
    }

    private static void Report(string file, ScenarioResult result, bool json, TextWriter output)
    {
        if (json)
        {
            output.WriteLine(ScenarioJson.Write(result));
            return;
        }

        output.WriteLine($"{(result.Held ? "held  " : "FAILED")} {file}: {result.Scenario.Name}");
        foreach (var note in result.Scenario.Notes)
        {
            output.WriteLine($"       note: {note}");
        }

        foreach (var failure in result.Failures)
        {
            output.WriteLine($"       {failure}");
        }
    }
}
