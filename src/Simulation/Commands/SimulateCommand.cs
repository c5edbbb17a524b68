using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Commands;

/// <summary>`amalgam simulate KIND …`: a trace in, virtual time, a table out.</summary>
public static class SimulateCommand
{
    /// <param name="args">What follows `simulate`.</param>
    /// <returns>0 done, 1 a trace cannot be read, 2 wrong usage.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter errors)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(errors);
        try
        {
            if (args.Length == 0)
            {
                throw new UsageException("simulate: say what: openb, gavel, philly, shockwave or --journal");
            }
            var report = args[0] switch
            {
                "openb" => OpenbCommand.Run(args.AsSpan(1), errors),
                "gavel" => GavelCommand.Run(args.AsSpan(1), errors),
                "philly" => PhillyCommand.Run(args.AsSpan(1), errors),
                "shockwave" => ShockwaveCommand.Run(args.AsSpan(1)),
                _ => throw new UsageException($"simulate: '{args[0]}' is not known; there are openb, gavel, philly, shockwave and --journal"),
            };
            report.Write(output);
            return 0;
        }
        catch (UsageException e)
        {
            errors.WriteLine(e.Message);
            return 2;
        }
        catch (Exception e) when (e is TraceException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine(e.Message);
            return 1;
        }
    }
}
