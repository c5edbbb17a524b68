using System.CommandLine;
using Amalgam.Cli;
using Amalgam.Hosting;

try
{
    var parsed = CommandTree.Root().Parse(args);
    if (parsed.Errors.Count > 0)
    {
        Console.Error.WriteLine($"amalgam: {parsed.Errors[0].Message.ReplaceLineEndings(" ").Replace("as expected type 'System.Decimal'", "as a number", StringComparison.Ordinal).TrimEnd('.')}: see `amalgam {string.Join(' ', CommandTree.PathOf(parsed))}--help`");
        return 2;
    }

    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (CommandException refused)
{
    Console.Error.WriteLine($"amalgam: {refused.Message}");
    return refused.ExitCode;
}
catch (OperationCanceledException)
{
    return 130;
}
#pragma warning disable CA1031 // The last place: nobody is shown a stack trace.
catch (Exception defect)
#pragma warning restore CA1031
{
    Console.Error.WriteLine($"amalgam: {defect.Message.ReplaceLineEndings(" ")} ({defect.GetType().Name}; AMALGAM_TRACE=1 shows where)");
    if (Environment.GetEnvironmentVariable("AMALGAM_TRACE") == "1")
    {
        Console.Error.WriteLine(defect);
    }

    return 1;
}
