//! The choice of a sampler at run time.

/// The one list of samplers: the run-time choice, its names, help and tests come from here.
macro_rules! samplers {
    ($($module:ident :: $Type:ident),* $(,)?) => {
        $(mod $module; pub use $module::$Type;)*

        /// A sampler, chosen at run time.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum AnySampler {
            $(#[doc = concat!("See [`", stringify!($Type), "`].")] $Type($Type),)*
        }

        impl AnySampler {
            /// All samplers, with their default options.
            #[must_use]
            pub fn all() -> Vec<Self> {
                vec![$(Self::$Type($Type::default())),*]
            }

            /// The sampler called `name`, with `options`.
            ///
            /// # Errors
            /// If the name or an option is unknown, or a value does not fit.
            pub fn named(name: &str, options: Options) -> Result<Self, OptionError> {
                let all = Self::all();
                match all.iter().find(|sampler| sampler.info().name == name) {
                    $(Some(Self::$Type(_)) => $Type::from_options(options).map(Self::$Type),)*
                    None => {
                        let known = all.iter().map(|sampler| sampler.info().name).collect();
                        Err(OptionError::name("sampler", name, known))
                    }
                }
            }

            /// The value that each of its options has, in the order of [`SamplerInfo::options`].
            #[must_use]
            pub fn values(&self) -> Vec<String> {
                match self { $(Self::$Type(sampler) => sampler.values(),)* }
            }

            /// The value of the option `name`, if the chosen sampler has such an option.
            #[must_use]
            pub fn value(&self, name: &str) -> Option<String> {
                let at = self.info().options.iter().position(|option| option.name == name)?;
                self.values().into_iter().nth(at)
            }
        }

        /// What the chosen sampler remembers.
        #[derive(Clone)]
        #[non_exhaustive]
        pub enum AnyHistory<X: Sample> {
            $(#[doc = concat!("Of [`", stringify!($Type), "`].")]
            $Type(<$Type as Sampler>::History<X>),)*
        }

        impl<X: Sample> std::fmt::Debug for AnyHistory<X> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$Type(_) => stringify!($Type),)* })
            }
        }

        impl Sampler for AnySampler {
            type History<X: Sample> = AnyHistory<X>;

            fn info(&self) -> SamplerInfo {
                match self { $(Self::$Type(sampler) => sampler.info(),)* }
            }

            fn calls(&self, grid: &Grid) -> usize {
                match self { $(Self::$Type(sampler) => sampler.calls(grid),)* }
            }

            fn start<X: Sample>(&self, grid: &Grid) -> AnyHistory<X> {
                match self {
                    $(Self::$Type(sampler) => AnyHistory::$Type(sampler.start::<X>(grid)),)*
                }
            }

            /// # Panics
            /// If the history is that of another sampler.
            fn step<X, D, N>(
                &self,
                history: &mut AnyHistory<X>,
                hop: &Hop,
                x: X,
                denoiser: &mut D,
                noise: &mut N,
            ) -> Result<Stepped<X>, D::Error>
            where
                X: Sample,
                D: Denoiser<X> + ?Sized,
                N: Noise<X> + ?Sized,
            {
                match (self, history) {
                    $((Self::$Type(sampler), AnyHistory::$Type(history)) => {
                        sampler.step(history, hop, x, denoiser, noise)
                    })*
                    (sampler, history) => panic!("{history:?} is not the history of {sampler}"),
                }
            }
        }

        impl std::str::FromStr for AnySampler {
            type Err = OptionError;

            /// Reads `name` or `name:option=value,…`.
            fn from_str(text: &str) -> Result<Self, OptionError> {
                let (name, options) = Options::split(text)?;
                Self::named(&name, options)
            }
        }

        impl std::fmt::Display for AnySampler {
            /// Writes `name:option=value,…` with every option, which reads back as the same.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let info = self.info();
                crate::options::write(f, info.name, info.options, &self.values())
            }
        }

        #[cfg(test)]
        mod conforms {
            $(#[test] fn $module() { super::conformance::check(&super::$Type::default()); })*
        }
    };
}

pub(super) use samplers;
